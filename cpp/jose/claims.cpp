#include "jose/claims.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace authjwks {
namespace {

enum Claim : std::uint8_t { iss, sub, aud, exp, nbf, iat, jti, kClaimCount };
enum class Kind : std::uint8_t { text, text_or_texts, number };
struct Registered {
    std::string_view name;
    Kind kind;
};

/// RFC 7519 §4.1, in the order of Claim.
constexpr std::array<Registered, kClaimCount> kRegistered{{{"iss", Kind::text},
                                                           {"sub", Kind::text},
                                                           {"aud", Kind::text_or_texts},
                                                           {"exp", Kind::number},
                                                           {"nbf", Kind::number},
                                                           {"iat", Kind::number},
                                                           {"jti", Kind::text}}};
constexpr std::size_t kNameSize = 3;  // of every one of them

using Found = std::array<std::optional<json::Value>, kClaimCount>;

bool is_text(json::Value value) { return json::kind_of(value) == json::Kind::text; }

bool is_number(json::Value value) {
    const auto kind = json::kind_of(value);
    return kind == json::Kind::signed_number || kind == json::Kind::unsigned_number || kind == json::Kind::real_number;
}

bool is_of(Kind kind, json::Value value) {
    switch (kind) {
        case Kind::text: return is_text(value);
        case Kind::number: return is_number(value);
        case Kind::text_or_texts: {
            const auto items = json::as<json::Array>(value);
            return items ? std::ranges::all_of(*items, is_text) : is_text(value);
        }
    }
    return false;
}

Result<Found> find_registered(json::Object claims) {
    Found found;
    for (const auto [name, value] : claims) {
        if (name.size() != kNameSize) continue;
        const auto row = std::ranges::find(kRegistered, name, &Registered::name);
        if (row == kRegistered.end()) continue;
        if (!is_of(row->kind, value)) return Errc::claim_invalid;
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

std::optional<Errc> refuse_by_parties(const Found& found, const Policy& policy) {
    if (!policy.accepts_any_issuer()) {
        if (!found[iss]) return Errc::claim_missing;
        if (!policy.accepts_issuer(*json::text_of(*found[iss]))) return Errc::wrong_issuer;
    }
    if (!policy.accepts_any_audience()) {
        if (!found[aud]) return Errc::claim_missing;
        if (!is_for(*found[aud], policy)) return Errc::wrong_audience;
    }
    return std::nullopt;
}

Validity validity_of(const Found& found, Seconds leeway) {
    const auto not_before = instant_of(found[nbf]), issued = instant_of(found[iat]), expires = instant_of(found[exp]);
    return {std::max(not_before.value_or(Instant::min()), issued.value_or(Instant::min())) - leeway,
            expires ? *expires + leeway : Instant::max()};
}

bool is_present(json::Object claims, std::string_view name) {
    const auto claim = json::member(claims, name);
    return claim && json::kind_of(*claim) != json::Kind::null;
}

}  // namespace

Result<Validity> check_claims(json::Object claims, const Policy& policy, Instant now) {
    const auto found = find_registered(claims);
    if (!found) return found.error();
    if (const auto refusal = refuse_by_parties(*found, policy)) return *refusal;
    if (!std::ranges::all_of(policy.required_claims(),
                             [claims](const std::string& name) { return is_present(claims, name); }))
        return Errc::claim_missing;
    const Validity validity = validity_of(*found, policy.leeway());
    if (now < validity.from) return Errc::not_yet_valid;
    if (now >= validity.until) return Errc::expired;
    return validity;
}

}  // namespace authjwks
