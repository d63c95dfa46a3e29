// Whether claims are accepted by exactly what the policy demands and at exactly the times they say.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jose/claims.hpp"
#include "jose/header.hpp"
#include "support/byte_reader.hpp"
#include "support/expect.hpp"
#include "support/json_model.hpp"

namespace authjwks {
namespace {

using fuzz::JsonModel;

PolicyOptions options(std::optional<std::vector<std::string>> issuers,
                      std::optional<std::vector<std::string>> audiences, std::vector<std::string> required,
                      double leeway) {
    return {.issuers = std::move(issuers),
            .audiences = std::move(audiences),
            .token_types = std::nullopt,
            .algorithms = {"RS256"},
            .required_claims = std::move(required),
            .leeway = Seconds{leeway}};
}

/// What is expected of "azp": "web" or true.
PolicyOptions with_expectation(PolicyOptions options) {
    options.expected_claims = {{"azp", {std::string("web"), true}}};
    return options;
}
PolicyOptions for_client_id(PolicyOptions options) {
    options.refuse_id_tokens = options.accept_bound_tokens = true;
    return options;
}

struct Demands {
    PolicyOptions options;
    Policy policy{options};
};

const Demands& demands(std::size_t which) {
    using List = std::vector<std::string>;
    static const std::array<Demands, 8> all{{{options(List{"https://a.example/"}, List{"api"}, {"exp"}, 30)},
                                             {options(List{"a", "b"}, List{"x", "y"}, {}, 0)},
                                             {options(std::nullopt, List{"api"}, {"sub", "exp", "scope"}, 0.5)},
                                             {options(List{"a"}, std::nullopt, {"nbf", "iat", "jti"}, 300)},
                                             {options(std::nullopt, std::nullopt, {"aud", "iss"}, 1)},
                                             {options(std::nullopt, std::nullopt, {}, 0)},
                                             {with_expectation(options(std::nullopt, std::nullopt, {}, 0))},
                                             {for_client_id(options(std::nullopt, std::nullopt, {}, 0))}}};
    return all[which % all.size()];
}

bool is_of_registered_type(const std::string& name, const JsonModel& claim) {
    if (name == "exp" || name == "nbf" || name == "iat") return claim.number() != nullptr;
    if (name == "iss" || name == "sub" || name == "jti") return claim.text() != nullptr;
    if (name != "aud" || claim.array() == nullptr) return name != "aud" || claim.text() != nullptr;
    return std::ranges::all_of(*claim.array(), [](const JsonModel& item) { return item.text() != nullptr; });
}

bool names(const std::optional<std::vector<std::string>>& accepted, const JsonModel& item) {
    return std::ranges::find(*accepted, *item.text()) != accepted->end();
}

bool has_text(const JsonModel& claims, std::string_view name, std::string_view text) {
    const auto* const claim = claims.member(name);
    return claim != nullptr && claim->text() != nullptr && *claim->text() == text;
}

bool is_of_a_refused_kind(const JsonModel& claims, const PolicyOptions& demanded) {
    const auto has = [&claims](std::string_view name) { return claims.member(name) != nullptr; };
    if (!demanded.accept_bound_tokens && has("cnf")) return true;
    return demanded.refuse_id_tokens && (has("nonce") || has("at_hash") || has("c_hash") || has("s_hash") ||
                                         has_text(claims, "token_use", "id") || has_text(claims, "typ", "ID"));
}

bool is_as_expected(const JsonModel& claims, const PolicyOptions& demanded) {
    const auto* const claim = claims.member("azp");
    return demanded.expected_claims.empty() || has_text(claims, "azp", "web") || (claim != nullptr && claim->is_true());
}

bool satisfies(const JsonModel& claims, const PolicyOptions& demanded) {
    const auto *issuer = claims.member("iss"), *audience = claims.member("aud");
    const auto is_expected = [&demanded](const JsonModel& item) { return names(demanded.audiences, item); };
    if (!std::ranges::all_of(*claims.object(),
                             [](const auto& each) { return is_of_registered_type(each.first, each.second); }))
        return false;
    if (demanded.issuers && (issuer == nullptr || !names(demanded.issuers, *issuer))) return false;
    if (demanded.audiences && audience == nullptr) return false;
    if (demanded.audiences &&
        !(audience->text() != nullptr ? is_expected(*audience) : std::ranges::any_of(*audience->array(), is_expected)))
        return false;
    if (is_of_a_refused_kind(claims, demanded) || !is_as_expected(claims, demanded)) return false;
    return std::ranges::all_of(demanded.required_claims, [&claims](const std::string& name) {
        const auto* const claim = claims.member(name);
        return claim != nullptr && !claim->is_null();
    });
}

double seconds_of(const JsonModel& claims, std::string_view name, double otherwise) {
    const auto* const claim = claims.member(name);
    return claim != nullptr && claim->number() != nullptr ? *claim->number() : otherwise;
}

void check(std::string_view text, const Demands& demanded, double chosen) {
    json::Document document(kMaxTokenDepth);
    const auto value = document.parse(text);
    json::Object object;
    if (!value || value->get(object) != simdjson::SUCCESS || !json::members_are_distinct(*value)) return;
    const auto claims = JsonModel::read(text);
    fuzz::expect(claims && claims->object() != nullptr, "what is read as an object is one");
    fuzz::expect(claims->names_are_distinct() && claims->depth() <= kMaxTokenDepth, "of distinct names, not too deep");

    constexpr double forever = std::numeric_limits<double>::max();
    const double leeway = demanded.options.leeway.count();
    const double from = std::max(seconds_of(*claims, "nbf", -forever), seconds_of(*claims, "iat", -forever)) - leeway;
    const double until = seconds_of(*claims, "exp", forever - leeway) + leeway;
    const bool satisfied = satisfies(*claims, demanded.options);
    for (const double edge : {chosen, from, until, 0.0, 1.8e9})
        for (const double now :
             {edge, std::nextafter(edge, -forever), std::nextafter(edge, forever), edge - 1, edge + 1}) {
            const auto validity = check_claims(object, demanded.policy, Instant{Seconds{now}});
            fuzz::expect(bool(validity) == (satisfied && from <= now && now < until), "accepted if all is satisfied");
            if (validity)
                fuzz::expect(validity->holds(Instant{Seconds{now}}), "an accepting moment is within the validity");
            if (validity)
                fuzz::expect(validity->from == Instant{Seconds{from}} && validity->until == Instant{Seconds{until}},
                             "the validity is what the claims say");
        }
}

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::fuzz::ByteReader input(data, size);
    const auto& demanded = authjwks::demands(input.byte());
    const double chosen = input.number();
    authjwks::check(input.rest(), demanded, chosen);
    return 0;
}
