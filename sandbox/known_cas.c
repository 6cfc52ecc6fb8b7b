/* SPDX-License-Identifier: MIT */
/*
 * sandbox/known_cas.c - the certificates of a daemon's CAs, by number
 *
 * Invariants: a slot that is being written has number 0, before and after it
 *             is read it must have the one that is asked for; a number is never
 *             given twice
 * References: mmap(2) MAP_SHARED
 */
#include "sandbox/known_cas.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "proxy/proxy.h"

_Static_assert(KNOWN_CAS_PEM == CA_PEM_MAX, "as large as they come");

struct slot {
	_Atomic(uint32_t) number;
	char pem[KNOWN_CAS_PEM];
};

/* @last: the highest number that was given */
struct known_cas {
	_Atomic(uint32_t) last;
	struct slot slots[KNOWN_CAS_MAX];
};

static void write_slot(struct known_cas *k, uint32_t number, const char *pem)
{
	struct slot *s = &k->slots[number % KNOWN_CAS_MAX];

	atomic_store(&s->number, 0);
	atomic_thread_fence(memory_order_seq_cst);
	memcpy(s->pem, pem, strnlen(pem, KNOWN_CAS_PEM - 1) + 1);
	s->pem[KNOWN_CAS_PEM - 1] = '\0';
	atomic_store(&s->number, number);
	atomic_store(&k->last, number);
}

int known_cas_new(const char *pem, struct known_cas **ret)
{
	struct known_cas *k = mmap(NULL, sizeof(*k), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED)
		return -errno;
	write_slot(k, KNOWN_CAS_FIRST, pem);
	*ret = k;
	return 0;
}

void known_cas_forget(struct known_cas *k)
{
	if (k)
		(void)munmap(k, sizeof(*k));
}

int known_cas_freeze(struct known_cas *k)
{
	return k && mprotect(k, sizeof(*k), PROT_READ) < 0 ? -errno : 0;
}

uint32_t known_cas_add(struct known_cas *k, const char *pem)
{
	const uint32_t last = atomic_load(&k->last);

	if (strcmp(k->slots[last % KNOWN_CAS_MAX].pem, pem) == 0)
		return last;
	write_slot(k, last + 1, pem);
	return last + 1;
}

bool known_cas_find(const struct known_cas *k, uint32_t number,
		    char ret[KNOWN_CAS_PEM])
{
	const struct slot *s = &k->slots[number % KNOWN_CAS_MAX];

	if (number == 0 || atomic_load(&s->number) != number)
		return false;
	memcpy(ret, s->pem, KNOWN_CAS_PEM);
	ret[KNOWN_CAS_PEM - 1] = '\0';
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load(&s->number) == number;
}
