/* SPDX-License-Identifier: MIT */
/*
 * proxy/file_stamp.h - has a small system file changed since it was read?
 *
 * By device, inode, size and both times: enough for an editor, a rename over
 * it, and a symbolic link that now leads elsewhere. One stat(2).
 */
#ifndef NETLEASH_PROXY_FILE_STAMP_H
#define NETLEASH_PROXY_FILE_STAMP_H

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_STAMP_INTERVAL_MS 1000 /* between two looks at one file */

/* All zero: no file. */
struct file_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

static inline struct file_stamp file_stamp_take(const char *path)
{
	struct file_stamp stamp;
	struct stat st;

	memset(&stamp, 0, sizeof(stamp));
	if (stat(path, &st) == 0) {
		stamp.dev = st.st_dev;
		stamp.ino = st.st_ino;
		stamp.size = st.st_size;
		stamp.mtime = st.st_mtim;
		stamp.ctime = st.st_ctim;
	}
	return stamp;
}

static inline bool file_stamp_is_file(const struct file_stamp *s)
{
	return s->ino != 0;
}

static inline bool file_stamp_equal(const struct file_stamp *a,
				    const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->ctime.tv_sec == b->ctime.tv_sec &&
	       a->ctime.tv_nsec == b->ctime.tv_nsec;
}

#endif
