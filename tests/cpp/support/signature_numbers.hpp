// The integers that signatures consist of, and the orders and moduli that they are taken by.
#pragma once

#include <string>
#include <string_view>

#include "crypto/handles.hpp"
#include "support/key_pair.hpp"

namespace authjwks::support {

/// r and s of an ECDSA signature.
struct EcdsaNumbers {
    crypto::Bignum r, s;

    /// Side by side (RFC 7518 §3.4), `half` bytes each; higher bytes are cut off.
    std::string side_by_side(std::size_t half) const;
    /// As X.509 and TLS write it.
    std::string der() const;
};

crypto::Bignum number(std::string_view big_endian);
crypto::Bignum number_from_little_endian(std::string_view bytes);
crypto::Bignum sum(const BIGNUM& one, const BIGNUM& other);
crypto::Bignum difference(const BIGNUM& one, const BIGNUM& other);
crypto::Bignum multiple(const BIGNUM& one, unsigned long times);
/// The lowest `size` bytes.
std::string big_endian(const BIGNUM& number, std::size_t size);
std::string little_endian(const BIGNUM& number, std::size_t size);

EcdsaNumbers ecdsa_numbers(std::string_view side_by_side);
/// Of the group that the kind of key (a row of kCurves) is on.
crypto::Bignum order_of(std::string_view kind);
crypto::Bignum modulus_of(const KeyPair& rsa);

}  // namespace authjwks::support
