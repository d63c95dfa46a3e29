// The kinds of keys and of signatures that are known here, and which of them the cryptographic library of this build
// has.
#pragma once

#include <cstdint>
#include <string>

namespace authjwks {

enum class KeyType : std::uint8_t { rsa, ec, okp, other };
enum class CurveId : std::uint8_t { none, p256, p384, p521, ed25519, ed448 };
enum class Family : std::uint8_t { rsa_pkcs1, rsa_pss, ecdsa, eddsa };
enum class Digest : std::uint8_t { none, sha256, sha384, sha512 };

namespace crypto {

struct KeyKind {
    KeyType type;
    CurveId curve = CurveId::none;  ///< none for RSA, and for curves that no algorithm here uses
};

struct RsaNumbers {
    std::string modulus;  ///< big-endian, without leading zeros
    std::uint64_t exponent;
};

#ifdef AUTHJWKS_CRYPTO_AWS_LC
inline constexpr bool kHasEd448 = false;
#else
inline constexpr bool kHasEd448 = true;
#endif

}  // namespace crypto
}  // namespace authjwks
