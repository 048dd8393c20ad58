// SPDX-License-Identifier: Apache-2.0
/*
 * Runs commands for the host. Lines over one virtio-serial port, payloads in base64:
 *
 *   host:  HELLO nonce ;            guest:  READY nonce boot-id ;
 *          RUN id base64(script) ;          OUT id base64 ;     a piece of standard output
 *          IN id base64 ;                   ERR id base64 ;     a piece of standard error
 *          EOF id ;                         EXIT id status ;    128 + signal for a killed one
 *          KILL id signal ;
 *
 * A line without its " ;" was cut off and is ignored, so a host may come and go at any time; it begins with an empty line. Commands
 * outlive the host's connection. Each is a process group of its own. Output of a command waits in its pipe while the port is full.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	JOBS = 64,
	PIECE = 24 * 1024,	/* bytes of output in one line; a multiple of 3 */
	LINE = 256 * 1024,	/* longest line from the host */
	OUTGOING = 512 * 1024,	/* output is read only while less than half of this waits */
};

struct job {
	unsigned long id;	/* 0: free */
	pid_t pid;
	int in, out, err;	/* -1: closed */
	bool reaped, input_ended;
	int status;
	char *input;		/* for the command; written up to input_done */
	size_t input_used, input_done;
};

static struct job jobs[JOBS];
static char line[LINE + 1], outgoing[OUTGOING];
static size_t line_used, outgoing_used;
static int port;
static sigset_t mask_of_commands;

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode(const uint8_t *from, size_t size, char *to)
{
	char *start = to;

	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = from[i] << 16;

		if (i + 1 < size)
			three |= from[i + 1] << 8;
		if (i + 2 < size)
			three |= from[i + 2];
		*to++ = digits[three >> 18];
		*to++ = digits[three >> 12 & 63];
		*to++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
		*to++ = i + 2 < size ? digits[three & 63] : '=';
	}
	return to - start;
}

/* In place; returns the size. */
static size_t decode(char *text)
{
	uint8_t *to = (uint8_t *)text;
	uint32_t bits = 0;
	int have = 0;

	for (const char *from = text; *from && *from != '='; from++) {
		const char *digit = strchr(digits, *from);

		if (!digit)
			break;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*to++ = (uint8_t)(bits >> have);
		}
	}
	return to - (uint8_t *)text;
}

static void say(const char *verb, unsigned long id, const void *data, size_t size)
{
	if (outgoing_used + size * 4 / 3 + 64 > OUTGOING)
		return;
	outgoing_used += sprintf(outgoing + outgoing_used, "%s %lu ", verb, id);
	outgoing_used += encode(data, size, outgoing + outgoing_used);
	outgoing_used += sprintf(outgoing + outgoing_used, " ;\n");
}

static void say_exit(unsigned long id, int status)
{
	if (outgoing_used + 64 > OUTGOING)
		return;
	outgoing_used += sprintf(outgoing + outgoing_used, "EXIT %lu %d ;\n", id, status);
}

static void say_ready(const char *nonce)
{
	char boot_id[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, boot_id, sizeof(boot_id) - 1);

	if (fd >= 0)
		close(fd);
	boot_id[got > 0 ? got - 1 : 0] = 0;	/* without its newline */
	if (outgoing_used + 512 > OUTGOING)
		return;
	outgoing_used += sprintf(outgoing + outgoing_used, "\nREADY %.64s %s ;\n", nonce, boot_id);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

static struct job *find(unsigned long id)
{
	for (int i = 0; i < JOBS; i++)
		if (jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void run(unsigned long id, const char *script)
{
	struct job *job = find(id) ? NULL : find(0);
	int in[2], out[2], err[2];

	if (!job || !id || pipe2(in, O_CLOEXEC)) {
		say_exit(id, 126);
		return;
	}
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		perror("pipe");
		exit(1);
	}
	*job = (struct job){ .id = id, .in = in[1], .out = out[0], .err = err[0] };
	job->pid = fork();
	if (job->pid == 0) {
		setpgid(0, 0);
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &mask_of_commands, NULL);
		write_text("/proc/self/oom_score_adj", "0");
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	if (job->pid < 0) {
		job->reaped = true;
		job->status = 126;
		close_fd(&job->in);
	} else {
		setpgid(job->pid, job->pid);
		fcntl(job->in, F_SETFL, O_NONBLOCK);
	}
}

static void add_input(struct job *job, const char *data, size_t size)
{
	size_t waiting = job->input_used - job->input_done;
	char *grown = malloc(waiting + size + 1);

	if (!grown) {
		kill(-job->pid, SIGKILL);
		return;
	}
	if (waiting)
		memcpy(grown, job->input + job->input_done, waiting);
	memcpy(grown + waiting, data, size);
	free(job->input);
	job->input = grown;
	job->input_done = 0;
	job->input_used = waiting + size;
}

static void obey(char *text)
{
	char *verb = strtok(text, " "), *word = strtok(NULL, " "), *payload = strtok(NULL, " ");
	unsigned long id = word ? strtoul(word, NULL, 10) : 0;
	struct job *job = id ? find(id) : NULL;

	if (!verb || !word)
		return;
	if (!strcmp(verb, "HELLO")) {
		say_ready(word);
	} else if (!strcmp(verb, "RUN") && payload) {
		payload[decode(payload)] = 0;
		run(id, payload);
	} else if (!strcmp(verb, "IN") && job && payload) {
		add_input(job, payload, decode(payload));
	} else if (!strcmp(verb, "EOF") && job) {
		job->input_ended = true;
	} else if (!strcmp(verb, "KILL") && job && !job->reaped) {
		kill(-job->pid, payload ? atoi(payload) : SIGKILL);
	}
}

static void take_lines(void)
{
	ssize_t got = read(port, line + line_used, LINE - line_used);
	char *end;

	if (got <= 0)
		return;
	line_used += got;
	line[line_used] = 0;
	while ((end = memchr(line, '\n', line_used))) {
		size_t whole = end - line + 1;

		*end = 0;
		if (end - line > 2 && !strcmp(end - 2, " ;")) {
			end[-2] = 0;
			obey(line);
		}
		memmove(line, line + whole, line_used - whole);
		line_used -= whole;
	}
	if (line_used == LINE)
		line_used = 0;
}

static void give_input(struct job *job)
{
	while (job->in >= 0 && job->input_done < job->input_used) {
		ssize_t done = write(job->in, job->input + job->input_done, job->input_used - job->input_done);

		if (done < 0 && errno == EAGAIN)
			return;
		if (done <= 0)
			close_fd(&job->in);
		else
			job->input_done += done;
	}
	if (job->input_ended)
		close_fd(&job->in);
}

static void take_output(struct job *job, int *fd, const char *verb)
{
	static uint8_t piece[PIECE];
	ssize_t got = read(*fd, piece, PIECE);

	if (got > 0)
		say(verb, job->id, piece, got);
	else
		close_fd(fd);
}

/* A command has ended when its shell has and nobody holds its outputs; a daemon it left behind may hold them for long. */
static void finish(struct job *job)
{
	int status;

	if (!job->reaped && waitpid(job->pid, &status, WNOHANG) == job->pid) {
		job->reaped = true;
		job->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	if (!job->reaped)
		return;
	for (int *fd = &job->out; fd; fd = fd == &job->out ? &job->err : NULL) {
		struct pollfd left = { .fd = *fd, .events = POLLIN };

		if (*fd >= 0 && poll(&left, 1, 0) > 0 && left.revents & POLLIN)
			return;
	}
	say_exit(job->id, job->status);
	close_fd(&job->in);
	close_fd(&job->out);
	close_fd(&job->err);
	free(job->input);
	*job = (struct job){ 0 };
}

static void give_lines(void)
{
	ssize_t done = write(port, outgoing, outgoing_used);

	if (done > 0) {
		memmove(outgoing, outgoing + done, outgoing_used - done);
		outgoing_used -= done;
	}
}

static void child_ended(int signal)
{
	(void)signal;
}

static void turn(void)
{
	struct pollfd polled[1 + 3 * JOBS];
	struct { struct job *job; int *fd; } meaning[1 + 3 * JOBS];
	bool room = outgoing_used < OUTGOING / 2;
	struct timespec second = { 1, 0 };
	int used = 1;

	polled[0] = (struct pollfd){ .fd = port, .events = POLLIN | (outgoing_used ? POLLOUT : 0) };
	for (struct job *job = jobs; job < jobs + JOBS; job++) {
		if (!job->id)
			continue;
		if (job->in >= 0 && job->input_done < job->input_used) {
			meaning[used].job = job, meaning[used].fd = &job->in;
			polled[used++] = (struct pollfd){ .fd = job->in, .events = POLLOUT };
		}
		for (int *fd = &job->out; room && fd; fd = fd == &job->out ? &job->err : NULL) {
			if (*fd < 0)
				continue;
			meaning[used].job = job, meaning[used].fd = fd;
			polled[used++] = (struct pollfd){ .fd = *fd, .events = POLLIN };
		}
	}
	if (ppoll(polled, used, &second, &mask_of_commands) < 0) {
		for (int i = 0; i < used; i++)
			polled[i].revents = 0;
	}
	if (polled[0].revents & POLLIN)
		take_lines();
	else if (polled[0].revents & POLLHUP)
		usleep(20000);	/* no host there */
	if (polled[0].revents & POLLOUT)
		give_lines();
	for (int i = 1; i < used; i++) {
		struct job *job = meaning[i].job;

		if (polled[i].revents && meaning[i].fd != &job->in && outgoing_used < OUTGOING / 2)
			take_output(job, meaning[i].fd, meaning[i].fd == &job->out ? "OUT" : "ERR");
	}
	for (struct job *job = jobs; job < jobs + JOBS; job++) {
		if (!job->id)
			continue;
		give_input(job);
		finish(job);
	}
}

int main(int argc, char **argv)
{
	sigset_t blocked;

	if (argc != 2) {
		fprintf(stderr, "use: labd PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	/* Without SA_RESTART, and blocked outside of ppoll: no end of a child is missed. */
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = child_ended }, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &mask_of_commands);
	port = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (port < 0) {
		perror(argv[1]);
		return 1;
	}
	/* The lab must answer when the guest is out of memory too. */
	write_text("/proc/self/oom_score_adj", "-1000");
	for (;;)
		turn();
}
