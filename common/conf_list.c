/* SPDX-License-Identifier: MIT */
/*
 * common/conf_list.c - allow-list and deny-list: names from files of their own
 *
 * In:         names of files
 * Out:        a list in the scope that is open, or what is wrong in the file
 * Invariants: a file is read in pieces, and never waited for; all lists of a
 *             conf together are bounded in names and bytes; one that has a
 *             line that is wrong leaves no conf
 */
#include "common/conf_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_named.h"
#include "common/conf_priv.h"
#include "common/conf_rules.h"
#include "common/scope.h"

#define PIECE_SIZE 65536u

/**
 * struct reading - one list being read
 * @path: as messages name it
 */
struct reading {
	struct conf_parser *ps;
	const char *path;
	struct name_list_parser parser;
	char piece[PIECE_SIZE];
};

int conf_add_list(struct conf_rules *scope, const struct conf_list *list)
{
	struct conf_list *grown;

	grown = conf_grow(scope->lists, scope->lists_n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	scope->lists = grown;
	grown[scope->lists_n++] = *list;
	return 0;
}

/* name_list_wrong_fn */
static void on_wrong(void *arg, uint32_t line, uint32_t column,
		     const char *word, size_t n, const char *why)
{
	struct conf_parser *ps = ((struct reading *)arg)->ps;
	const struct conf_word w = { word, n, line, column };
	char shown[CONF_SHOWN_MAX];

	if (n > 0)
		conf_error(ps, &w, "'%s' %s", conf_show(word, n, shown), why);
	else
		conf_error(ps, &w, "%s", why);
}

/* Return: 0, -ENOMEM, or -errno of read(2); -EFBIG when all are too big. */
static int read_pieces(struct reading *rd, int fd)
{
	ssize_t n;
	int r = 0;

	while (r == 0 && !rd->parser.full) {
		n = read(fd, rd->piece, sizeof(rd->piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		rd->ps->list_bytes += (size_t)n;
		if (rd->ps->list_bytes > CONF_LISTS_MAX)
			return -EFBIG;
		r = name_list_parse(&rd->parser, rd->piece, (size_t)n);
	}
	return r < 0 ? r : name_list_parse_end(&rd->parser);
}

/* What the file as a whole is to be told about. Return: 0 or -ENOMEM. */
static int tell_whole(struct reading *rd, int r)
{
	uint64_t wrong_n = rd->parser.wrong_n;
	char text[CONF_FILE_ERROR_MAX];

	if (r == -ENOMEM)
		return r;
	if (r == -EFBIG)
		(void)snprintf(text, sizeof(text),
			       "the lists are bigger than %u MiB together",
			       CONF_LISTS_MAX >> 20);
	else if (r < 0)
		(void)snprintf(text, sizeof(text), "cannot be read: %s",
			       strerror(-r));
	else if (wrong_n > NAME_LIST_TOLD_MAX)
		(void)snprintf(text, sizeof(text),
			       "%" PRIu64 " lines are wrong: the first %d are "
			       "shown",
			       wrong_n, NAME_LIST_TOLD_MAX);
	else
		text[0] = '\0';
	if (text[0] != '\0')
		conf_file_error(rd->ps, rd->path, text);
	else if (wrong_n == 0 && rd->parser.list->names_n == 0)
		return conf_report_warn(rd->ps->report, rd->path, 0, 0, "",
					"the list holds no names");
	return 0;
}

/* Return: 0 or -ENOMEM. */
static int read_list(struct conf_parser *ps, const char *path, int fd,
		     struct name_list *ret)
{
	AUTOFREE struct reading *rd = calloc(1, sizeof(*rd));
	uint32_t before = ps->file;
	int r;

	if (!rd)
		return -ENOMEM;
	rd->ps = ps;
	rd->path = path;
	rd->parser.list = ret;
	rd->parser.names_max = CONF_NAMES_MAX - ps->names_n;
	rd->parser.wrong = on_wrong;
	rd->parser.arg = rd;
	name_list_parse_start(&rd->parser);
	r = conf_add_file(ps->cf, path, &ps->file);
	if (r == 0)
		r = tell_whole(rd, read_pieces(rd, fd));
	ps->file = before;
	ps->names_n += ret->names_n;
	return r;
}

static int add_opened(struct conf_parser *ps, enum rule_effect effect,
		      const char *path, int fd)
{
	struct conf_list list = {
		.rule = { .effect = effect, .kind = PATTERN_EXACT },
	};
	int r;

	list.rule.file = (uint16_t)ps->cf->files_n; /* what comes next */
	list.rule.text = conf_path_absolute(path);
	r = list.rule.text ? read_list(ps, path, fd, &list.names) : -ENOMEM;
	if (r == 0) {
		list.rule.name_at = (uint16_t)strlen(list.rule.text);
		r = conf_add_list(conf_scope(ps), &list);
	}
	if (r < 0) {
		rule_fini(&list.rule);
		name_list_fini(&list.names);
	}
	return r;
}

static int add_list(struct conf_parser *ps, enum rule_effect effect,
		    const struct conf_word *w)
{
	AUTOFREE char *path = NULL;
	struct stat st;
	int fd, r;

	r = conf_named_path(ps, w, &path);
	if (r < 0 || !path || !conf_named_open(ps, w, path, &fd, &st))
		return r;
	r = add_opened(ps, effect, path, fd);
	(void)close(fd);
	return r;
}

static int add_lists(struct conf_parser *ps, enum rule_effect effect,
		     const struct conf_word *w, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add_list(ps, effect, &w[i]);
	return r;
}

int conf_set_allow_list(struct conf_parser *ps, const struct conf_word *w,
			size_t n)
{
	return add_lists(ps, RULE_ALLOW, w, n);
}

int conf_set_deny_list(struct conf_parser *ps, const struct conf_word *w,
		       size_t n)
{
	return add_lists(ps, RULE_DENY, w, n);
}
