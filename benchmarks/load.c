// Loads a server on loopback over kept connections, one request after the other on each, and counts the answers:
// load PORT CONNECTIONS SECONDS TOKENS. Every line of the file TOKENS is sent once as a bearer token and then the run
// is over; a file of one line is sent for as long as it lasts.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kMostTokens = 1 << 20, kMostBytes = 1 << 16 };

static char *tokens[kMostTokens];
static long token_count;
static int port;
static double end;
static atomic_long next_token, answered, refused;

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static void read_tokens(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) give_up(path);
    char line[kMostBytes];
    while (token_count < kMostTokens && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        tokens[token_count++] = strdup(line);
    }
    fclose(file);
}

static int connected(void) {
    const int made = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(made, (struct sockaddr *)&server, sizeof server) != 0) give_up("connect");
    return made;
}

// Reads one answer with a Content-Length. Returns whether its status is 200.
static bool answer_is_good(int connection) {
    char read_so_far[kMostBytes];
    size_t size = 0;
    for (;;) {
        const ssize_t more = read(connection, read_so_far + size, sizeof read_so_far - 1 - size);
        if (more <= 0) give_up("read");
        size += (size_t)more;
        read_so_far[size] = '\0';
        const char *body = strstr(read_so_far, "\r\n\r\n");
        if (body == NULL) continue;
        const char *length = strcasestr(read_so_far, "content-length:");
        const size_t wanted = length == NULL ? 0 : strtoul(length + strlen("content-length:"), NULL, 10);
        if (size >= (size_t)(body + 4 - read_so_far) + wanted) return strncmp(read_so_far + 9, "200", 3) == 0;
    }
}

static void *run(void *unused) {
    const int connection = connected();
    char request[kMostBytes];
    while (now() < end) {
        const long place = atomic_fetch_add(&next_token, 1);
        if (token_count > 1 && place >= token_count) break;
        const int size = snprintf(request, sizeof request,
                                  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
                                  tokens[token_count > 1 ? place : 0]);
        if (write(connection, request, (size_t)size) != size) give_up("write");
        atomic_fetch_add(answer_is_good(connection) ? &answered : &refused, 1);
    }
    close(connection);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t threads[64];
    if (argc != 5) {
        fputs("usage: load PORT CONNECTIONS SECONDS TOKENS\n", stderr);
        return 2;
    }
    port = atoi(argv[1]);
    const int connections = atoi(argv[2]);
    if (connections < 1 || connections > 64) return 2;
    read_tokens(argv[4]);
    const double began = now();
    end = began + atof(argv[3]);
    for (int i = 0; i < connections; ++i) pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < connections; ++i) pthread_join(threads[i], NULL);
    printf("%ld %ld %.6f\n", answered, refused, now() - began);
    return 0;
}
