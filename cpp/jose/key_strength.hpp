// Well-formed keys that must not be trusted: weak RSA keys, and Edwards points of small order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "jose/algorithm.hpp"

namespace authjwks {

inline constexpr std::size_t kMinRsaBits = 2048;  ///< RFC 7518 §3.3
inline constexpr std::size_t kMaxRsaBits = 8192;  ///< larger keys allow denial of service

/// Whether an RSA key has 2048 to 8192 bits, an odd exponent from 3 below 2^64, and a modulus that is neither even nor
/// of the form that CVE-2017-15361 makes factorable.
/// @param modulus  big-endian, without leading zeros.
bool rsa_is_strong(std::string_view modulus, std::uint64_t exponent);

/// Whether an Ed25519 or Ed448 key is one of the few points of small order, under which anyone can make signatures that
/// verify (RFC 8032 §5.1.7 leaves this check to the application). Non-canonical encodings count as such.
/// @param bytes  the key, as in RFC 8037 §2.
bool has_small_order(std::string_view bytes, const Curve& curve);

}  // namespace authjwks
