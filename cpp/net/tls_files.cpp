#include "net/tls_files.hpp"

#include <stdexcept>
#include <utility>

#include "crypto/pem.hpp"

namespace authjwks {
namespace {

using crypto::PemFault;

crypto::Certificate read_certificate(const std::string& path, const std::string& option) {
    auto certificate = crypto::read_certificate(path);
    if (certificate) return *std::move(certificate);
    throw std::invalid_argument(option + (certificate.error() == PemFault::unreadable
                                              ? " names a file that cannot be read"
                                              : " names a file without a certificate in PEM"));
}

crypto::Pkey read_key(const std::string& path, bool is_beside_certificate) {
    auto key = crypto::read_private_key(path);
    if (key) return *std::move(key);
    if (key.error() == PemFault::unreadable)
        throw std::invalid_argument("client_cert names a file that cannot be read");
    if (key.error() == PemFault::encrypted)
        throw std::invalid_argument("client_cert names a key that is encrypted; it must not be");
    throw std::invalid_argument(
        is_beside_certificate ? "client_cert names a file without a private key in PEM: name the key's file as well, "
                                "client_cert=(certificate, key)"
                              : "client_cert names a key file without a private key in PEM");
}

}  // namespace

void check_ca_file(const std::string& path) { read_certificate(path, "ca_file"); }

void check_client_certificate(const std::string& certificate, const std::optional<std::string>& key) {
    const auto read = read_certificate(certificate, "client_cert");
    const auto its_key = read_key(key.value_or(certificate), !key);
    if (!crypto::is_key_of(read, its_key))
        throw std::invalid_argument("client_cert names a key that is not that of the certificate");
}

}  // namespace authjwks
