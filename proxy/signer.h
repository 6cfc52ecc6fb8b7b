/* SPDX-License-Identifier: MIT */
/*
 * proxy/signer.h - an authority at work, for as long as anybody needs it
 *
 * It may be replaced while a proxy works: those who were told to trust it are
 * signed for by it to their end, and then its keys are wiped.
 */
#ifndef NETLEASH_PROXY_SIGNER_H
#define NETLEASH_PROXY_SIGNER_H

#include <stdint.h>

struct ca;
struct leaf_cache;
struct signer;

/*
 * Takes @ca, not where it fails; with one reference. @number is the owner's, to
 * tell one from another. Return: 0 or -ENOMEM.
 */
int signer_new(struct ca *ca, uint32_t number, struct signer **ret);
uint32_t signer_number(const struct signer *s);

struct signer *signer_ref(struct signer *s); /* Return: @s */

/* In any thread; the last one wipes the keys. NULL is fine. */
void signer_unref(struct signer *s);

/* For the inspector's thread alone, with a reference. */
struct leaf_cache *signer_leaves(struct signer *s);

#endif
