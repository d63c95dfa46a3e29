// Tokens of an issuer in their parts, so that a test can put them together in other ways.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jose/algorithm.hpp"
#include "support/key_pair.hpp"
#include "support/to_base64url.hpp"

namespace authjwks::support {

/// A compact JWS of these JSON texts and this raw signature.
inline std::string compact(std::string_view header, std::string_view payload, std::string_view signature) {
    return to_base64url(header) + '.' + to_base64url(payload) + '.' + to_base64url(signature);
}

struct IssuedToken {
    const Algorithm* algorithm;
    const KeyPair* key;
    std::string key_id;
    std::string header, payload;  ///< JSON
    std::string signature;        ///< raw

    std::string text() const { return compact(header, payload, signature); }
    /// The same claims under another header, signed by the same key.
    std::string signed_again(std::string_view other_header) const {
        return key->token(*algorithm, other_header, payload);
    }
};

/// An algorithm and the kind of key it signs with.
struct SigningKey {
    const Algorithm* algorithm;
    std::string_view kind;

    const KeyPair& pair() const { return KeyPair::of(kind); }
};

/// Every algorithm with each kind of key that serves it.
inline std::vector<SigningKey> all_signing_keys() {
    std::vector<SigningKey> keys;
    for (const Algorithm& row : kAlgorithms) {
        if (row.key_type == KeyType::rsa) keys.push_back({&row, "RSA"});
        for (const Curve& curve : kCurves)
            if (fits(row, curve.key_type, &curve)) keys.push_back({&row, curve.name});
    }
    return keys;
}

}  // namespace authjwks::support
