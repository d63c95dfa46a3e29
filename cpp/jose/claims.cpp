#include "jose/claims.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace authjwks {
namespace {

enum Claim : std::uint8_t { iss, sub, aud, exp, nbf, iat, jti, cnf, kClaimCount };
enum class Kind : std::uint8_t { text, text_or_texts, number, any };
struct Registered {
    std::string_view name;
    Kind kind;
};

/// RFC 7519 §4.1 and RFC 7800 §3.1, in the order of Claim.
constexpr std::array<Registered, kClaimCount> kRegistered{{{"iss", Kind::text},
                                                           {"sub", Kind::text},
                                                           {"aud", Kind::text_or_texts},
                                                           {"exp", Kind::number},
                                                           {"nbf", Kind::number},
                                                           {"iat", Kind::number},
                                                           {"jti", Kind::text},
                                                           {"cnf", Kind::any}}};
constexpr std::size_t kNameSize = 3;  // of every one of them

/// Claims of ID tokens alone: OpenID Connect Core 1.0 §2 and §3.3.2.11; FAPI 1.0 Part 2 §5.1.1.
constexpr std::array<std::string_view, 4> kIdTokenClaims{"nonce", "at_hash", "c_hash", "s_hash"};
/// What ID tokens have in a claim by which an issuer tells its tokens apart.
struct TokenUse {
    std::string_view claim, value;
};
constexpr std::array<TokenUse, 2> kIdTokenUses{
    {{"token_use", "id"} /* Amazon Cognito */, {"typ", "ID"} /* Keycloak */}};

using Found = std::array<std::optional<json::Value>, kClaimCount>;

bool is_text(json::Value value) { return json::kind_of(value) == json::Kind::text; }

bool is_number(json::Value value) {
    const auto kind = json::kind_of(value);
    return kind == json::Kind::signed_number || kind == json::Kind::unsigned_number || kind == json::Kind::real_number;
}

bool is_of(Kind kind, json::Value value) {
    switch (kind) {
        case Kind::any: return true;
        case Kind::text: return is_text(value);
        case Kind::number: return is_number(value);
        case Kind::text_or_texts: {
            const auto items = json::as<json::Array>(value);
            return items ? std::ranges::all_of(*items, is_text) : is_text(value);
        }
    }
    return false;
}

Result<Found, Refusal> find_registered(json::Object claims) {
    Found found;
    for (const auto [name, value] : claims) {
        if (name.size() != kNameSize) continue;
        const auto row = std::ranges::find(kRegistered, name, &Registered::name);
        if (row == kRegistered.end()) continue;
        if (!is_of(row->kind, value)) return Refusal(Errc::claim_invalid, row->name);
        found[static_cast<std::size_t>(row - kRegistered.begin())] = value;
    }
    return found;
}

std::optional<Instant> instant_of(const std::optional<json::Value>& number) {
    if (!number) return std::nullopt;
    return Instant{Seconds{*json::as<double>(*number)}};
}

bool is_for(json::Value audience, const Policy& policy) {
    if (const auto text = json::text_of(audience)) return policy.accepts_audience(*text);
    return std::ranges::any_of(*json::as<json::Array>(audience),
                               [&policy](json::Value item) { return policy.accepts_audience(*json::text_of(item)); });
}

std::optional<Refusal> refuse_by_parties(const Found& found, const Policy& policy) {
    if (!policy.accepts_any_issuer()) {
        if (!found[iss]) return Refusal(Errc::claim_missing, kRegistered[iss].name);
        if (!policy.accepts_issuer(*json::text_of(*found[iss]))) return Errc::wrong_issuer;
    }
    if (!policy.accepts_any_audience()) {
        if (!found[aud]) return Refusal(Errc::claim_missing, kRegistered[aud].name);
        if (!is_for(*found[aud], policy)) return Errc::wrong_audience;
    }
    return std::nullopt;
}

Validity validity_of(const Found& found, Seconds leeway) {
    const auto not_before = instant_of(found[nbf]), issued = instant_of(found[iat]), expires = instant_of(found[exp]);
    return {std::max(not_before.value_or(Instant::min()), issued.value_or(Instant::min())) - leeway,
            expires ? *expires + leeway : Instant::max()};
}

bool is_id_token(json::Object claims) {
    return std::ranges::any_of(kIdTokenClaims,
                               [claims](std::string_view name) { return json::member(claims, name).has_value(); }) ||
           std::ranges::any_of(kIdTokenUses, [claims](const TokenUse& use) {
               const auto claim = json::member(claims, use.claim);
               return claim && json::text_of(*claim) == use.value;
           });
}

std::optional<Refusal> refuse_by_kind(json::Object claims, const Found& found, const Policy& policy) {
    if (policy.refuses_id_tokens() && is_id_token(claims)) return Errc::id_token;
    if (found[cnf] && !policy.accepts_bound_tokens()) return Errc::bound_token;
    return std::nullopt;
}

/// The member of that name. None where it is null, which says nothing.
std::optional<json::Value> find_claim(json::Object claims, std::string_view name) {
    const auto claim = json::member(claims, name);
    return claim && json::kind_of(*claim) != json::Kind::null ? claim : std::nullopt;
}

std::optional<Refusal> refuse_by_demands(json::Object claims, const Policy& policy) {
    for (const std::string& name : policy.required_claims())
        if (!find_claim(claims, name)) return Refusal(Errc::claim_missing, name);
    for (const ExpectedClaim& expected : policy.expected_claims()) {
        const auto claim = find_claim(claims, expected.name());
        if (!claim) return Refusal(Errc::claim_missing, expected.name());
        if (!expected.accepts(*claim)) return Refusal(Errc::claim_not_accepted, expected.name());
    }
    return std::nullopt;
}

}  // namespace

Result<Validity, Refusal> check_claims(json::Object claims, const Policy& policy, Instant now) {
    const auto found = find_registered(claims);
    if (!found) return found.error();
    if (const auto refusal = refuse_by_parties(*found, policy)) return *refusal;
    if (const auto refusal = refuse_by_kind(claims, *found, policy)) return *refusal;
    if (const auto refusal = refuse_by_demands(claims, policy)) return *refusal;
    const Validity validity = validity_of(*found, policy.leeway());
    if (now < validity.from) return Refusal(Errc::not_yet_valid);
    if (now >= validity.until) return Refusal(Errc::expired);
    return validity;
}

}  // namespace authjwks
