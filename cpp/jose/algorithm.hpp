// The signature algorithms of JWS and their curves, as tables. No other code compares their names.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace authjwks {

enum class KeyType : std::uint8_t { rsa, ec, okp };
enum class Family : std::uint8_t { rsa_pkcs1, rsa_pss, ecdsa, eddsa };
enum class CurveId : std::uint8_t { none, p256, p384, p521, ed25519, ed448 };

/// A curve that signature keys use (RFC 7518 §6.2.1.1, RFC 8037 §2).
struct Curve {
    CurveId id;
    std::string_view name;  ///< the JWK "crv"
    KeyType key_type;
    const char* openssl_name;  ///< group name (EC) or key type name (OKP)
    std::size_t field_bytes;   ///< size of one coordinate, or of an OKP public key
    std::size_t signature_bytes;
};

inline constexpr std::array kCurves{
    Curve{CurveId::p256, "P-256", KeyType::ec, "prime256v1", 32, 64},
    Curve{CurveId::p384, "P-384", KeyType::ec, "secp384r1", 48, 96},
    Curve{CurveId::p521, "P-521", KeyType::ec, "secp521r1", 66, 132},
    Curve{CurveId::ed25519, "Ed25519", KeyType::okp, "ED25519", 32, 64},
    Curve{CurveId::ed448, "Ed448", KeyType::okp, "ED448", 57, 114},
};

/// The row of the JWK "crv" `name`, or null.
constexpr const Curve* find_curve(std::string_view name) {
    const auto row = std::ranges::find(kCurves, name, &Curve::name);
    return row == kCurves.end() ? nullptr : &*row;
}

/// One JWS "alg" (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
struct Algorithm {
    std::string_view name;
    const char* digest;  ///< OpenSSL's name; null where the scheme defines it
    Family family;
    KeyType key_type;
    CurveId curve;  ///< none: any curve of the key type, or no curve at all
};

inline constexpr std::array kAlgorithms{
    Algorithm{"RS256", "SHA256", Family::rsa_pkcs1, KeyType::rsa, CurveId::none},
    Algorithm{"RS384", "SHA384", Family::rsa_pkcs1, KeyType::rsa, CurveId::none},
    Algorithm{"RS512", "SHA512", Family::rsa_pkcs1, KeyType::rsa, CurveId::none},
    Algorithm{"PS256", "SHA256", Family::rsa_pss, KeyType::rsa, CurveId::none},
    Algorithm{"PS384", "SHA384", Family::rsa_pss, KeyType::rsa, CurveId::none},
    Algorithm{"PS512", "SHA512", Family::rsa_pss, KeyType::rsa, CurveId::none},
    Algorithm{"ES256", "SHA256", Family::ecdsa, KeyType::ec, CurveId::p256},
    Algorithm{"ES384", "SHA384", Family::ecdsa, KeyType::ec, CurveId::p384},
    Algorithm{"ES512", "SHA512", Family::ecdsa, KeyType::ec, CurveId::p521},
    Algorithm{"EdDSA", nullptr, Family::eddsa, KeyType::okp, CurveId::none},
    Algorithm{"Ed25519", nullptr, Family::eddsa, KeyType::okp, CurveId::ed25519},
    Algorithm{"Ed448", nullptr, Family::eddsa, KeyType::okp, CurveId::ed448},
};

/// @return unsupported_alg for a name that has no row; "none" and HS* have none.
constexpr Result<const Algorithm*> find_algorithm(std::string_view name) {
    const auto row = std::ranges::find(kAlgorithms, name, &Algorithm::name);
    if (row == kAlgorithms.end()) return Errc::unsupported_alg;
    return &*row;
}

/// Whether a key of this type, on this curve (null for RSA), can serve the algorithm.
constexpr bool fits(const Algorithm& algorithm, KeyType key_type, const Curve* curve) {
    return algorithm.key_type == key_type &&
           (algorithm.curve == CurveId::none || (curve != nullptr && algorithm.curve == curve->id));
}

/// The position of a row of kAlgorithms.
constexpr std::size_t index_of(const Algorithm& row) { return static_cast<std::size_t>(&row - kAlgorithms.data()); }

/// A set of rows of kAlgorithms, for allow-lists.
class AlgorithmSet {
  public:
    void insert(const Algorithm& row) { rows_.set(index_of(row)); }
    bool contains(const Algorithm& row) const noexcept { return rows_.test(index_of(row)); }
    bool empty() const noexcept { return rows_.none(); }

  private:
    std::bitset<kAlgorithms.size()> rows_;
};

}  // namespace authjwks
