/* SPDX-License-Identifier: MIT */
/*
 * proxy/signer.c - an authority at work, for as long as anybody needs it
 */
#include "proxy/signer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "proxy/ca.h"
#include "proxy/leaf.h"

struct signer {
	atomic_uint users;
	uint32_t number;
	struct ca *ca;
	struct leaf_cache *leaves;
};

int signer_new(struct ca *ca, uint32_t number, struct signer **ret)
{
	struct signer *s = calloc(1, sizeof(*s));

	if (s)
		s->leaves = leaf_cache_new(ca);
	if (!s || !s->leaves) {
		free(s);
		return -ENOMEM;
	}
	atomic_init(&s->users, 1);
	s->number = number;
	s->ca = ca;
	*ret = s;
	return 0;
}

uint32_t signer_number(const struct signer *s)
{
	return s->number;
}

struct signer *signer_ref(struct signer *s)
{
	atomic_fetch_add(&s->users, 1);
	return s;
}

void signer_unref(struct signer *s)
{
	if (!s || atomic_fetch_sub(&s->users, 1) > 1)
		return;
	leaf_cache_free(s->leaves);
	ca_free(s->ca);
	free(s);
}

struct leaf_cache *signer_leaves(struct signer *s)
{
	return s->leaves;
}
