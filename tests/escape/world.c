/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/world.c - what the test told us, and how both sides meet
 */
#include "tests/escape/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEYS_MAX 128

static struct {
	char key[32];
	char value[256];
} keys[KEYS_MAX];
static size_t keys_n;

int world_load(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	while (keys_n < KEYS_MAX &&
	       fscanf(file, "%31s %255[^\n]", keys[keys_n].key,
		      keys[keys_n].value) == 2)
		keys_n++;
	(void)fclose(file);
	return 0;
}

const char *world(const char *key)
{
	for (size_t i = 0; i < keys_n; i++)
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].value;
	return NULL;
}

const char *world_need(const char *key)
{
	const char *value = world(key);

	if (!value)
		unavailable("the world has no '%s'", key);
	return value;
}

uintptr_t world_number(const char *key)
{
	return (uintptr_t)strtoull(world_need(key), NULL, 0);
}

const char *world_word(const char *word)
{
	return word[0] == '@' ? world_need(word + 1) : word;
}

const char *init_process(void)
{
	const char *pid = world("init");

	return pid ? pid : "1";
}

void meet_path(char *path, size_t size, const char *name)
{
	const char *folder = world("meet");

	(void)snprintf(path, size, "%s/%s", folder ? folder : ".", name);
}

bool seen(const char *name, int ms)
{
	char file[NAME_MAX_N + 8], path[512];
	int64_t end = now_ms() + ms;

	(void)snprintf(file, sizeof(file), "seen.%s", name);
	meet_path(path, sizeof(path), file);
	while (access(path, F_OK) < 0) {
		if (now_ms() >= end)
			return false;
		sleep_ms(10);
	}
	return true;
}

void ask(const char *name, const char *fmt, ...)
{
	char part[NAME_MAX_N + 8], path[512], whole[512];
	va_list ap;
	FILE *file;

	/* An observer never sees half a request. */
	(void)snprintf(part, sizeof(part), "part.%s", name);
	meet_path(path, sizeof(path), part);
	file = fopen(path, "we");
	if (!file)
		unavailable("%s: %s", path, strerror(errno));
	va_start(ap, fmt);
	(void)fprintf(file, "%s ", name);
	(void)vfprintf(file, fmt, ap);
	va_end(ap);
	(void)fprintf(file, "\n");
	(void)fclose(file);
	(void)snprintf(part, sizeof(part), "ask.%s", name);
	meet_path(whole, sizeof(whole), part);
	if (rename(path, whole) < 0)
		unavailable("%s: %s", whole, strerror(errno));
}

void arrived(const char *name, const char *how)
{
	char file[NAME_MAX_N + 8], path[512], line[256];
	const char *log = world("log");
	int fd;

	if (!name[0] || name[strspn(name, NAME_CHARS)])
		return;
	(void)snprintf(line, sizeof(line), "arrived %s %s\n", name, how);
	fd = open(log ? log : "/dev/stdout",
		  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0) {
		(void)!write(fd, line, strlen(line));
		(void)close(fd);
	}
	(void)snprintf(file, sizeof(file), "seen.%s", name);
	meet_path(path, sizeof(path), file);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd >= 0)
		(void)close(fd);
}

const char *name_in(const char *bytes, size_t n, char name[NAME_MAX_N + 1])
{
	const char *at = memmem(bytes, n, "ESC ", 4);
	size_t len = 0;

	if (!at)
		return NULL;
	at += 4;
	n -= (size_t)(at - bytes);
	while (len < n && len < NAME_MAX_N && at[len] &&
	       strchr(NAME_CHARS, at[len]))
		len++;
	memcpy(name, at, len);
	name[len] = '\0';
	return len ? name : NULL;
}

void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
