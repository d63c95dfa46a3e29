// The signature algorithms of JWS and their curves, as tables. No other code compares their names.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "crypto/kinds.hpp"

namespace authjwks {

/// How many rows of a table the cryptographic library of this build has.
template <class Row, std::size_t Size>
consteval std::size_t count_in_this_build(const std::array<Row, Size>& table) {
    return static_cast<std::size_t>(std::ranges::count_if(table, &Row::is_in_this_build));
}

/// These rows.
template <std::size_t Count, class Row, std::size_t Size>
consteval std::array<Row, Count> rows_in_this_build(const std::array<Row, Size>& table) {
    std::array<Row, Count> rows{};
    std::ranges::copy_if(table, rows.begin(), &Row::is_in_this_build);
    return rows;
}

/// A curve that signature keys use (RFC 7518 §6.2.1.1, RFC 8037 §2).
struct Curve {
    CurveId id;
    std::string_view name;  ///< the JWK "crv"
    KeyType key_type;
    std::size_t field_bytes;  ///< size of one coordinate, or of an OKP public key
    std::size_t signature_bytes;
    bool is_in_this_build = true;  ///< whether the cryptographic library has it
};

inline constexpr std::array kKnownCurves{
    Curve{CurveId::p256, "P-256", KeyType::ec, 32, 64},
    Curve{CurveId::p384, "P-384", KeyType::ec, 48, 96},
    Curve{CurveId::p521, "P-521", KeyType::ec, 66, 132},
    Curve{CurveId::ed25519, "Ed25519", KeyType::okp, 32, 64},
    Curve{CurveId::ed448, "Ed448", KeyType::okp, 57, 114, crypto::kHasEd448},
};
inline constexpr auto kCurves = rows_in_this_build<count_in_this_build(kKnownCurves)>(kKnownCurves);

/// The row of the JWK "crv" `name`, or null.
constexpr const Curve* find_curve(std::string_view name) {
    const auto row = std::ranges::find(kCurves, name, &Curve::name);
    return row == kCurves.end() ? nullptr : &*row;
}

/// One JWS "alg" (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
struct Algorithm {
    std::string_view name;
    Digest digest;  ///< none: the scheme includes it
    Family family;
    KeyType key_type;
    CurveId curve;                 ///< none: any curve of the key type, or no curve at all
    bool is_in_this_build = true;  ///< whether the cryptographic library has it
};

inline constexpr std::array kKnownAlgorithms{
    Algorithm{"RS256", Digest::sha256, Family::rsa_pkcs1, KeyType::rsa, CurveId::none},
    Algorithm{"RS384", Digest::sha384, Family::rsa_pkcs1, KeyType::rsa, CurveId::none},
    Algorithm{"RS512", Digest::sha512, Family::rsa_pkcs1, KeyType::rsa, CurveId::none},
    Algorithm{"PS256", Digest::sha256, Family::rsa_pss, KeyType::rsa, CurveId::none},
    Algorithm{"PS384", Digest::sha384, Family::rsa_pss, KeyType::rsa, CurveId::none},
    Algorithm{"PS512", Digest::sha512, Family::rsa_pss, KeyType::rsa, CurveId::none},
    Algorithm{"ES256", Digest::sha256, Family::ecdsa, KeyType::ec, CurveId::p256},
    Algorithm{"ES384", Digest::sha384, Family::ecdsa, KeyType::ec, CurveId::p384},
    Algorithm{"ES512", Digest::sha512, Family::ecdsa, KeyType::ec, CurveId::p521},
    Algorithm{"EdDSA", Digest::none, Family::eddsa, KeyType::okp, CurveId::none},
    Algorithm{"Ed25519", Digest::none, Family::eddsa, KeyType::okp, CurveId::ed25519},
    Algorithm{"Ed448", Digest::none, Family::eddsa, KeyType::okp, CurveId::ed448, crypto::kHasEd448},
};
inline constexpr auto kAlgorithms = rows_in_this_build<count_in_this_build(kKnownAlgorithms)>(kKnownAlgorithms);

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
