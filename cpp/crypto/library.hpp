// What OpenSSL and AWS-LC do in different ways: each function is defined once in openssl/ and once in aws_lc/, of which
// one is built. Everything else in this folder is the same code for both.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "crypto/handles.hpp"
#include "crypto/kinds.hpp"

namespace authjwks::crypto::library {

struct FreeMd {
    void operator()(const EVP_MD* md) const noexcept;
};
using Md = std::unique_ptr<const EVP_MD, FreeMd>;

// All of them are called inside a fork-safe section.

/// Whether a check is safe beside a fork without a section once the same context has accepted a signature: all that the
/// library makes once has been made by then, and what it reads later it only locks for reading.
extern const bool kRepeatedChecksAreForkSafe;

/// Each returns null for numbers that the library does not accept as a public key. Numbers are big-endian.
NewPkey make_rsa(std::string_view modulus, std::string_view exponent);
/// @param point  uncompressed (SEC 1 §2.3.3); one that is not on the curve is not accepted.
NewPkey make_ec(CurveId curve, std::string_view point);
NewPkey make_okp(CurveId curve, std::string_view raw);

KeyKind kind_of(const EVP_PKEY& pkey);
std::optional<RsaNumbers> rsa_numbers(const EVP_PKEY& pkey);
/// @param pkey  of type `ec`.
bool is_at_infinity(const EVP_PKEY& pkey);
bool are_same(const EVP_PKEY& one, const EVP_PKEY& other);

Md digest(Digest id);

/// Frees what the library keeps for the calling thread, which is about to end.
void end_thread();

}  // namespace authjwks::crypto::library
