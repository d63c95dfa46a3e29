#include "jose/jwk_members.hpp"

#include <algorithm>
#include <initializer_list>

namespace authjwks {
namespace {

/// In the order of JwkMembers::Name.
constexpr std::array<std::string_view, JwkMembers::kCount> kNames{"kty", "kid", "use", "alg", "crv",
                                                                  "n",   "e",   "x",   "y",   "d"};

}  // namespace

Result<JwkMembers, KeyFault> JwkMembers::read(json::Value value) {
    const auto object = json::as<json::Object>(value);
    if (!object) return KeyFault::not_an_object;
    if (!json::members_are_distinct(value)) return KeyFault::duplicate_member;
    JwkMembers members;
    for (const auto [name, member] : *object)
        if (json::kind_of(member) != json::Kind::null && !members.take(name, member)) return KeyFault::bad_member;
    if (members.has_bad_member()) return KeyFault::bad_member;
    return members;
}

bool JwkMembers::take(std::string_view name, json::Value member) {
    if (name == "key_ops") {
        operations_ = json::as<json::Array>(member);
        return operations_.has_value();
    }
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return true;
    const auto slot = static_cast<std::size_t>(found - kNames.begin());
    texts_[slot] = json::text_of(member);
    bad_[slot] = !texts_[slot];
    return true;
}

bool JwkMembers::has_bad_member() const {
    const auto any_bad = [this](std::initializer_list<Name> names) {
        return std::ranges::any_of(names, [this](Name name) { return bad_[name]; });
    };
    if (any_bad({kty, kid, use, alg})) return true;
    const auto& type = texts_[kty];
    return (type == "RSA" && any_bad({n, e, d})) || (type == "EC" && any_bad({crv, x, y, d})) ||
           (type == "OKP" && any_bad({crv, x, d}));
}

bool JwkMembers::allow_verifying() const {
    if (texts_[use] && texts_[use] != "sig") return false;
    return !operations_ ||
           std::ranges::any_of(*operations_, [](json::Value item) { return json::text_of(item) == "verify"; });
}

}  // namespace authjwks
