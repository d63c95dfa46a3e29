// Every reason to refuse a token, as one table from which the C++ result, the Python exception and the documentation
// are made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/stage.hpp"

namespace authjwks {

enum class Errc : std::uint8_t {
    missing_token,
    malformed_credentials,
    too_long,
    not_three_parts,
    opaque,
    encrypted,
    bad_base64url,
    bad_header,
    bad_header_member,
    critical_extension,
    unencoded_payload,
    number_out_of_range,
    unsupported_alg,
    unknown_key,
    unusable_key,
    bad_signature,
    bad_claims,
    claim_invalid,
    claim_missing,
    claim_not_accepted,
    wrong_issuer,
    wrong_audience,
    wrong_type,
    id_token,
    bound_token,
    not_yet_valid,
    expired,
    revoked,
    insufficient_scope,
    forbidden,
    keys_unavailable,
    source_closed,
};

/// One refusal. Several rows may share a slug: the slug is a stable identifier for programs, the sentence describes the
/// rule for humans. Neither contains text of a token.
struct ErrorInfo {
    Errc code;
    Stage stage;
    std::string_view slug, sentence;
};

inline constexpr std::array kErrors{
    ErrorInfo{Errc::missing_token, Stage::request, "missing_token", "The request carries no bearer token."},
    ErrorInfo{Errc::malformed_credentials, Stage::request, "malformed",
              "The request does not carry exactly one bearer token."},
    ErrorInfo{Errc::too_long, Stage::parse, "too_long", "The token is longer than this service accepts."},
    ErrorInfo{Errc::not_three_parts, Stage::parse, "malformed", "The token is not three parts joined by dots."},
    ErrorInfo{Errc::opaque, Stage::parse, "malformed", "The token is opaque, not a JSON Web Token."},
    ErrorInfo{Errc::encrypted, Stage::parse, "malformed",
              "The token is encrypted, which this service does not accept."},
    ErrorInfo{Errc::bad_base64url, Stage::parse, "malformed", "A part of the token is not strict base64url."},
    ErrorInfo{Errc::bad_header, Stage::parse, "malformed",
              "The token's header is not a JSON object with distinct member names."},
    ErrorInfo{Errc::bad_header_member, Stage::parse, "malformed", "A member of the token's header has the wrong type."},
    ErrorInfo{Errc::critical_extension, Stage::parse, "malformed",
              "The token demands an extension that this service does not know."},
    ErrorInfo{Errc::unencoded_payload, Stage::parse, "malformed", "The token's payload is not encoded."},
    ErrorInfo{Errc::number_out_of_range, Stage::parse, "malformed", "The token holds a number that is too large."},
    ErrorInfo{Errc::unsupported_alg, Stage::parse, "unsupported_alg", "The token's algorithm is not accepted."},
    ErrorInfo{Errc::unknown_key, Stage::key, "unknown_key", "No key of the issuer fits the token."},
    ErrorInfo{Errc::unusable_key, Stage::key, "unusable_key", "The issuer's key that the token names cannot be used."},
    ErrorInfo{Errc::bad_signature, Stage::signature, "bad_signature", "The token's signature does not match."},
    ErrorInfo{Errc::bad_claims, Stage::claims, "malformed",
              "The token's payload is not a JSON object with distinct member names."},
    ErrorInfo{Errc::claim_invalid, Stage::claims, "claim_invalid", "A claim of the token has the wrong type."},
    ErrorInfo{Errc::claim_missing, Stage::claims, "claim_missing", "The token lacks a required claim."},
    ErrorInfo{Errc::claim_not_accepted, Stage::claims, "claim_invalid",
              "A claim of the token does not have an accepted value."},
    ErrorInfo{Errc::wrong_issuer, Stage::claims, "wrong_issuer", "The token was issued by another issuer."},
    ErrorInfo{Errc::wrong_audience, Stage::claims, "wrong_audience", "The token is meant for another audience."},
    ErrorInfo{Errc::wrong_type, Stage::claims, "wrong_type", "The token is of another type."},
    ErrorInfo{Errc::id_token, Stage::claims, "wrong_type", "The token is an ID token, which is not meant for an API."},
    ErrorInfo{Errc::bound_token, Stage::claims, "bound_token",
              "The token is bound to a key or certificate, and the request proves neither."},
    ErrorInfo{Errc::not_yet_valid, Stage::claims, "not_yet_valid", "The token is not valid yet."},
    ErrorInfo{Errc::expired, Stage::claims, "expired", "The token has expired."},
    ErrorInfo{Errc::revoked, Stage::claims, "revoked", "The token has been revoked."},
    ErrorInfo{Errc::insufficient_scope, Stage::rights, "insufficient_scope", "The token lacks a required scope."},
    ErrorInfo{Errc::forbidden, Stage::rights, "forbidden", "The caller lacks a required role or permission."},
    ErrorInfo{Errc::keys_unavailable, Stage::infrastructure, "keys_unavailable",
              "The issuer's keys cannot be reached right now."},
    ErrorInfo{Errc::source_closed, Stage::infrastructure, "keys_unavailable",
              "The verifier was closed, so its issuer is no longer asked for keys."},
};

consteval bool rows_follow_the_enum() {
    for (std::size_t row = 0; row < kErrors.size(); ++row)
        if (static_cast<std::size_t>(kErrors[row].code) != row) return false;
    return kErrors.size() == static_cast<std::size_t>(Errc::source_closed) + 1;
}
static_assert(rows_follow_the_enum());

constexpr const ErrorInfo& describe(Errc code) { return kErrors[static_cast<std::size_t>(code)]; }

/// Whether the issuer has no such key as far as is known: it may have published one meanwhile.
constexpr bool is_for_another_key(Errc code) { return code == Errc::unknown_key || code == Errc::unusable_key; }

/// Whether nothing is wrong with the token as far as is known, and another attempt may succeed.
constexpr bool is_for_lack_of_keys(Errc code) { return describe(code).stage == Stage::infrastructure; }

}  // namespace authjwks
