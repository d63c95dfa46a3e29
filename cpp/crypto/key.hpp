// A public key as the cryptographic library holds it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/kinds.hpp"

struct evp_pkey_st;  // EVP_PKEY, under the name that OpenSSL and its forks give it

namespace authjwks::crypto {

/// Freeing a key takes locks of the library, and happens wherever the last snapshot that holds it is dropped.
struct FreePkey {
    void operator()(evp_pkey_st* pkey) const noexcept;
};
using Pkey = std::unique_ptr<evp_pkey_st, FreePkey>;

class Key {
  public:
    /// From big-endian numbers (RFC 7518 §6.3.1). @return nothing where the library accepts no such key.
    static std::optional<Key> rsa(std::string_view modulus, std::string_view exponent);
    /// From the coordinates of a point (RFC 7518 §6.2.1), each as long as the curve's field. @return nothing for a
    /// point that is not on the curve.
    static std::optional<Key> ec(CurveId curve, std::string_view x, std::string_view y);
    /// From the bytes of RFC 8037 §2. @return nothing where the library accepts no such key.
    static std::optional<Key> okp(CurveId curve, std::string_view bytes);
    /// @param pkey  not null.
    explicit Key(Pkey pkey) : pkey_(std::move(pkey)) {}

    KeyKind kind() const;
    /// The length of signatures as the library writes them, in bytes: exact for RSA, at most for others.
    std::size_t signature_bytes() const;
    /// @return nothing for what is no RSA key, and for an exponent of 2^64 and more.
    std::optional<RsaNumbers> rsa_numbers() const;
    /// The bytes of RFC 8037 §2. @return nothing for what is no such key.
    std::optional<std::string> okp_bytes() const;
    /// Whether an EC key is the point at infinity, which is encoded as one byte (SEC 1 §2.3.3).
    bool is_at_infinity() const;
    /// Whether both are the same public key.
    bool is_same_as(const Key& other) const;

    /// A second owner of the same key.
    Key share() const;
    evp_pkey_st* handle() const noexcept { return pkey_.get(); }

  private:
    Pkey pkey_;
};

}  // namespace authjwks::crypto
