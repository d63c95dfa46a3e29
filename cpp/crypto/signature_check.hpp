// Checks of signatures. Setting up the library's contexts takes a third of the time of an RSA check, so each thread
// keeps those of the keys that it has used last.
#pragma once

#include <cstdint>
#include <string_view>

#include "crypto/key.hpp"
#include "crypto/kinds.hpp"

namespace authjwks::crypto {

/// Whether `signature` is that of `key` over `message`. Thread-safe.
/// @param key_id  unique in the process, never 0; with another key, family or digest it must be another one.
/// @param signature  raw JWS bytes (RFC 7518 §3), of the length that the signatures of the key have.
bool is_signed_by(const Key& key, std::uint64_t key_id, Family family, Digest digest, std::string_view message,
                  std::string_view signature);

}  // namespace authjwks::crypto
