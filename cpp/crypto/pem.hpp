// Keys and certificates in PEM (RFC 7468).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/key.hpp"

struct bio_st;
struct x509_st;

namespace authjwks::crypto {

struct FreeBio {
    void operator()(bio_st* bio) const noexcept;
};
struct FreeX509 {
    void operator()(x509_st* certificate) const noexcept;
};
using Certificate = std::unique_ptr<x509_st, FreeX509>;

/// The public keys in a text (RFC 7468 §13), one after another.
class PemKeys {
  public:
    /// @param pem  shorter than 2 GiB, and there for as long as this reads it.
    explicit PemKeys(std::string_view pem);

    /// A block of the text.
    struct Block {
        std::optional<Key> key;  ///< nothing where the library cannot read it: a kind of key that it does not know
    };
    /// The next block that says it is a public key; nothing at the end, and where what follows is no PEM.
    std::optional<Block> next();

  private:
    std::unique_ptr<bio_st, FreeBio> text_;
};

/// Why a file is of no use.
enum class PemFault : std::uint8_t { unreadable, missing, encrypted };

/// The first certificate of a file.
Result<Certificate, PemFault> read_certificate(const std::string& path);
/// The first private key of a file, which must not be encrypted: nobody is asked for a password.
Result<Pkey, PemFault> read_private_key(const std::string& path);
/// Whether the certificate is about this key.
bool is_key_of(const Certificate& certificate, const Pkey& key);

}  // namespace authjwks::crypto
