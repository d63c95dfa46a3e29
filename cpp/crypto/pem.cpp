#include "crypto/pem.hpp"

#include <utility>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/fork_safe_section.hpp"
#include "crypto/handles.hpp"

namespace authjwks::crypto {
namespace {

struct FreeBytes {
    void operator()(unsigned char* bytes) const noexcept { OPENSSL_free(bytes); }
};

/// For the library to call instead of asking for a file's password at the terminal.
/// @param is_encrypted  a bool to set, or null.
int refuse_password(char*, int, int, void* is_encrypted) {
    if (is_encrypted != nullptr) *static_cast<bool*>(is_encrypted) = true;
    return -1;
}

}  // namespace

void FreeBio::operator()(bio_st* bio) const noexcept {
    const ForkSafeSection section;
    BIO_free(bio);
}

void FreeX509::operator()(x509_st* certificate) const noexcept {
    const ForkSafeSection section;
    X509_free(certificate);
}

PemKeys::PemKeys(std::string_view pem) {
    const ForkSafeSection section;
    text_.reset(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::optional<PemKeys::Block> PemKeys::next() {
    const ForkSafeSection section;
    unsigned char* der = nullptr;
    long size = 0;
    if (!text_ ||
        PEM_bytes_read_bio(&der, &size, nullptr, PEM_STRING_PUBLIC, text_.get(), refuse_password, nullptr) != 1)
        return std::nullopt;
    const std::unique_ptr<unsigned char, FreeBytes> owned(der);
    const unsigned char* in = der;
    Pkey pkey(d2i_PUBKEY(nullptr, &in, size));
    return pkey ? Block{Key(std::move(pkey))} : Block{};
}

Result<Certificate, PemFault> read_certificate(const std::string& path) {
    const ForkSafeSection section;
    const Bio file(BIO_new_file(path.c_str(), "r"));
    if (!file) return PemFault::unreadable;
    Certificate certificate(PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr));
    if (!certificate) return PemFault::missing;
    return certificate;
}

Result<Pkey, PemFault> read_private_key(const std::string& path) {
    const ForkSafeSection section;
    const Bio file(BIO_new_file(path.c_str(), "r"));
    if (!file) return PemFault::unreadable;
    bool is_encrypted = false;
    Pkey key(PEM_read_bio_PrivateKey(file.get(), nullptr, refuse_password, &is_encrypted));
    if (!key) return is_encrypted ? PemFault::encrypted : PemFault::missing;
    return key;
}

bool is_key_of(const Certificate& certificate, const Pkey& key) {
    const ForkSafeSection section;
    return X509_check_private_key(certificate.get(), key.get()) == 1;
}

}  // namespace authjwks::crypto
