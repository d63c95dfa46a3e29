// The limit: OpenSSL's own check of one token's signature, without anything around it. Speaks the workers' line
// protocol, see players.py.
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bytes {
    unsigned char *data;
    size_t size;
};

static EVP_PKEY *key;
static const EVP_MD *digest;  // NULL where the scheme brings its own
static bool pss;
static struct bytes input, signature;

static struct bytes read_file(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct bytes read = {malloc(1 << 21), 0};
    FILE *file = fopen(path, "rb");
    if (file != NULL) {
        read.size = fread(read.data, 1, 1 << 21, file);
        fclose(file);
    }
    return read;
}

// What one thread keeps between checks: everything is set up once, as the fastest way OpenSSL allows.
struct checker {
    EVP_PKEY_CTX *verify;
    EVP_MD_CTX *hash;
};

static struct checker make_checker(void) {
    struct checker made = {NULL, EVP_MD_CTX_new()};
    if (digest == NULL) return made;
    made.verify = EVP_PKEY_CTX_new(key, NULL);
    if (EVP_PKEY_verify_init(made.verify) != 1) exit(1);
    if (pss && EVP_PKEY_CTX_set_rsa_padding(made.verify, RSA_PKCS1_PSS_PADDING) != 1) exit(1);
    if (EVP_PKEY_CTX_set_signature_md(made.verify, digest) != 1) exit(1);
    if (pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(made.verify, RSA_PSS_SALTLEN_DIGEST) != 1) exit(1);
    return made;
}

static void free_checker(struct checker *used) {
    EVP_PKEY_CTX_free(used->verify);
    EVP_MD_CTX_free(used->hash);
}

static bool accepts(struct checker *checker, const struct bytes *message) {
    if (digest == NULL)
        return EVP_DigestVerifyInit(checker->hash, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestVerify(checker->hash, signature.data, signature.size, message->data, message->size) == 1;
    unsigned char hashed[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    return EVP_DigestInit_ex2(checker->hash, digest, NULL) == 1 &&
           EVP_DigestUpdate(checker->hash, message->data, message->size) == 1 &&
           EVP_DigestFinal_ex(checker->hash, hashed, &size) == 1 &&
           EVP_PKEY_verify(checker->verify, signature.data, signature.size, hashed, size) == 1;
}

static long calls;
static pthread_barrier_t start;

static void check_all(struct checker *checker) {
    for (long call = 0; call < calls; ++call)
        if (!accepts(checker, &input)) exit(1);
}

static void *run(void *unused) {
    struct checker checker = make_checker();
    pthread_barrier_wait(&start);
    check_all(&checker);
    free_checker(&checker);
    return unused;
}

static long long now(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void prepare(const char *folder, const char *algorithm) {
    const struct bytes der = read_file(folder, "key.der");
    const unsigned char *place = der.data;
    EVP_PKEY_free(key);
    key = d2i_PUBKEY(NULL, &place, (long)der.size);
    free(der.data);
    free(input.data);
    free(signature.data);
    input = read_file(folder, "input");
    signature = read_file(folder, "signature");
    pss = algorithm[0] == 'P';
    digest = strcmp(algorithm, "EdDSA") == 0 ? NULL
             : strstr(algorithm, "384")      ? EVP_sha384()
             : strstr(algorithm, "512")      ? EVP_sha512()
                                             : EVP_sha256();
    if (key == NULL) {
        puts("broken key.der");
        return;
    }
    struct checker checker = make_checker();
    const bool good = accepts(&checker, &input);
    input.data[input.size / 2] ^= 1;
    const bool tampered = accepts(&checker, &input);
    input.data[input.size / 2] ^= 1;
    free_checker(&checker);
    puts(good && !tampered ? "ready" : "broken proof");
}

static void print_since(long long cpu, long long wall) {
    printf("%lld %lld\n", now(CLOCK_PROCESS_CPUTIME_ID) - cpu, now(CLOCK_MONOTONIC) - wall);
}

static void time_here(void) {
    struct checker checker = make_checker();
    const long long cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    check_all(&checker);
    print_since(cpu, wall);
    free_checker(&checker);
}

static void time_threads(int threads) {
    pthread_t made[64];
    pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; ++i) pthread_create(&made[i], NULL, run, NULL);
    const long long cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    pthread_barrier_wait(&start);
    for (int i = 0; i < threads; ++i) pthread_join(made[i], NULL);
    print_since(cpu, wall);
    pthread_barrier_destroy(&start);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(OpenSSL_version(OPENSSL_VERSION));
        return 0;
    }
    char line[8192], folder[4096], algorithm[16];
    int threads = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "prepare %4095s %15s", folder, algorithm) == 2)
            prepare(folder, algorithm);
        else if (sscanf(line, "time %ld %d", &calls, &threads) == 2 && threads >= 1 && threads <= 64)
            threads == 1 ? time_here() : time_threads(threads);
        else
            puts("broken command");
        fflush(stdout);
    }
    return 0;
}
