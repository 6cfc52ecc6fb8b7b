/* SPDX-License-Identifier: MIT */
/*
 * sandbox/nft_library.c - libnftables, loaded by the first who needs it
 */
#include "sandbox/nft_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "common/macros.h"

/* The name of its interface, which every system since nftables 0.9 has. */
#define LIBRARY "libnftables.so.1"

static struct nft_library library;

/* POSIX has dlsym() give functions as pointers to objects, which ISO C does
 * not know: they are copied. */
static bool find(void *handle, const char *name, void *ret, size_t size)
{
	void *symbol = dlsym(handle, name);

	memcpy(ret, &symbol, size);
	return symbol != NULL;
}

#define FIND(name)                                                             \
	{                                                                      \
		"nft_" #name, &library.name, sizeof(library.name)              \
	}

static bool find_all(void *handle)
{
	const struct {
		const char *name;
		void *ret;
		size_t size;
	} all[] = {
		FIND(ctx_new),
		FIND(ctx_free),
		FIND(ctx_buffer_output),
		FIND(ctx_buffer_error),
		FIND(ctx_get_output_buffer),
		FIND(ctx_get_error_buffer),
		FIND(run_cmd_from_buffer),
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!find(handle, all[i].name, all[i].ret, all[i].size))
			return false;
	return true;
}

const struct nft_library *nft_library(const char **ret_why)
{
	static bool loaded;

	if (!loaded) {
		void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

		loaded = handle && find_all(handle);
	}
	if (loaded)
		return &library;
	*ret_why = LIBRARY " cannot be loaded: install libnftables";
	return NULL;
}
