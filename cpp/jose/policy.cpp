#include "jose/policy.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/ascii.hpp"
#include "crypto/version.hpp"

namespace authjwks {
namespace {

std::string_view without_application(std::string_view type) {
    constexpr std::string_view prefix = "application/";
    return same_ignoring_case(type.substr(0, prefix.size()), prefix) ? type.substr(prefix.size()) : type;
}

/// A list that is given must not be empty, and neither may its items.
void demand_items(const std::optional<std::vector<std::string>>& items, const char* option) {
    if (items && (items->empty() || std::ranges::any_of(*items, &std::string::empty)))
        throw std::invalid_argument(std::string(option) + " must not be empty");
}

std::string why_unsupported(const std::string& algorithm) {
    const bool is_known = std::ranges::find(kKnownAlgorithms, algorithm, &Algorithm::name) != kKnownAlgorithms.end();
    return "algorithms names one that " + (is_known ? crypto::library_version() + " lacks: " : "is not supported: ") +
           algorithm;
}

}  // namespace

Policy::Policy(PolicyOptions options) : options_(std::move(options)) {
    demand_items(options_.issuers, "issuers");
    demand_items(options_.audiences, "audiences");
    if (std::ranges::any_of(options_.required_claims, &std::string::empty))
        throw std::invalid_argument("required_claims must not hold an empty name");
    if (options_.token_types && options_.token_types->empty())
        throw std::invalid_argument("token_types must not be empty");
    if (!(options_.leeway >= Seconds{0} && options_.leeway <= kMaxLeeway))
        throw std::invalid_argument("leeway must be between 0 and 300 seconds");
    if (options_.max_token_bytes == 0 || options_.max_token_bytes > kMaxTokenBytes)
        throw std::invalid_argument("max_token_bytes must be between 1 and 1048576");
    for (const std::string& name : options_.algorithms) {
        const auto algorithm = find_algorithm(name);
        if (!algorithm) throw std::invalid_argument(why_unsupported(name));
        algorithms_.insert(**algorithm);
    }
    if (algorithms_.empty()) throw std::invalid_argument("algorithms must not be empty");
}

bool Policy::accepts_issuer(std::string_view issuer) const {
    if (accepts_any_issuer()) return true;
    if (options_.issuers && std::ranges::find(*options_.issuers, issuer) != options_.issuers->end()) return true;
    return any_matches(options_.issuer_templates, issuer);
}

bool Policy::accepts_audience(std::string_view audience) const {
    return !options_.audiences || std::ranges::find(*options_.audiences, audience) != options_.audiences->end();
}

bool Policy::accepts_type(std::optional<std::string_view> type) const {
    if (!options_.token_types) return true;
    return std::ranges::any_of(*options_.token_types, [type](const std::string& accepted) {
        if (!type || accepted.empty()) return !type && accepted.empty();
        return same_ignoring_case(without_application(*type), without_application(accepted));
    });
}

}  // namespace authjwks
