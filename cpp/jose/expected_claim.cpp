#include "jose/expected_claim.hpp"

#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace authjwks {
namespace {

/// Whether JSON of this value is a signed number, as every integer that fits is.
bool is_signed(std::uint64_t number) { return number <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}; }

template <class T, class Set>
bool is_in(const Set& accepted, json::Value claim) {
    const std::optional<T> value = json::as<T>(claim);
    return value && accepted.contains(*value);
}

}  // namespace

ExpectedClaim::ExpectedClaim(std::string name, const std::vector<Value>& values) : name_(std::move(name)) {
    if (name_.empty()) throw std::invalid_argument("expected_claims must not hold an empty name");
    if (values.empty()) throw std::invalid_argument("expected_claims must hold a value for each name");
    for (const Value& value : values) {
        if (const auto* const text = std::get_if<std::string>(&value)) texts_.insert(*text);
        if (const auto* const boolean = std::get_if<bool>(&value)) booleans_.insert(*boolean);
        if (const auto* const number = std::get_if<std::int64_t>(&value)) signed_numbers_.insert(*number);
        if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
            if (is_signed(*number))
                signed_numbers_.insert(static_cast<std::int64_t>(*number));
            else
                unsigned_numbers_.insert(*number);
        }
    }
}

bool ExpectedClaim::accepts(json::Value claim) const {
    switch (json::kind_of(claim)) {
        case json::Kind::text: return is_in<std::string_view>(texts_, claim);
        case json::Kind::boolean: return is_in<bool>(booleans_, claim);
        case json::Kind::signed_number: return is_in<std::int64_t>(signed_numbers_, claim);
        case json::Kind::unsigned_number: return is_in<std::uint64_t>(unsigned_numbers_, claim);
        default: return false;
    }
}

}  // namespace authjwks
