#include "net/tls_files.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/openssl.hpp"

namespace authjwks {
namespace {

using Certificate = std::unique_ptr<X509, ossl::Freed<X509_free>>;

Certificate read_certificate(const std::string& path, const std::string& option) {
    const ossl::Bio file(BIO_new_file(path.c_str(), "r"));
    if (!file) throw std::invalid_argument(option + " names a file that cannot be read");
    Certificate certificate(PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr));
    if (!certificate) throw std::invalid_argument(option + " names a file without a certificate in PEM");
    return certificate;
}

ossl::Pkey read_key(const std::string& path, bool is_beside_certificate) {
    const ossl::Bio file(BIO_new_file(path.c_str(), "r"));
    if (!file) throw std::invalid_argument("client_cert names a file that cannot be read");
    bool is_encrypted = false;
    ossl::Pkey key(PEM_read_bio_PrivateKey(file.get(), nullptr, ossl::refuse_password, &is_encrypted));
    if (key) return key;
    if (is_encrypted) throw std::invalid_argument("client_cert names a key that is encrypted; it must not be");
    throw std::invalid_argument(
        is_beside_certificate ? "client_cert names a file without a private key in PEM: name the key's file as well, "
                                "client_cert=(certificate, key)"
                              : "client_cert names a key file without a private key in PEM");
}

}  // namespace

void check_ca_file(const std::string& path) {
    const ossl::ForkSafeSection section;
    read_certificate(path, "ca_file");
}

void check_client_certificate(const std::string& certificate, const std::optional<std::string>& key) {
    const ossl::ForkSafeSection section;
    const auto read = read_certificate(certificate, "client_cert");
    const auto its_key = read_key(key.value_or(certificate), !key);
    if (X509_check_private_key(read.get(), its_key.get()) != 1)
        throw std::invalid_argument("client_cert names a key that is not that of the certificate");
}

}  // namespace authjwks
