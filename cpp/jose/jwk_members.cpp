#include "jose/jwk_members.hpp"

#include <algorithm>

namespace authjwks {
namespace {

/// In the order of JwkMembers::Name.
constexpr std::array<std::string_view, JwkMembers::kCount> kNames{"kty", "kid", "use", "alg", "crv",
                                                                  "n",   "e",   "x",   "y",   "d"};

}  // namespace

Result<JwkMembers, KeyFault> JwkMembers::read(json::Value value) {
    json::Object object;
    if (value.get(object) != simdjson::SUCCESS) return KeyFault::not_an_object;
    if (!json::members_are_distinct(value)) return KeyFault::duplicate_member;
    JwkMembers members;
    for (const auto [name, member] : object) {
        if (name == "key_ops") {
            json::Array operations;
            if (member.get(operations) != simdjson::SUCCESS) return KeyFault::bad_member;
            members.operations_ = operations;
            continue;
        }
        const auto slot = std::ranges::find(kNames, name);
        if (slot == kNames.end()) continue;
        const auto text = json::text_of(member);
        if (!text) return KeyFault::bad_member;
        members.texts_[static_cast<std::size_t>(slot - kNames.begin())] = text;
    }
    return members;
}

bool JwkMembers::allow_verifying() const {
    if (texts_[use] && texts_[use] != "sig") return false;
    return !operations_ ||
           std::ranges::any_of(*operations_, [](json::Value item) { return json::text_of(item) == "verify"; });
}

}  // namespace authjwks
