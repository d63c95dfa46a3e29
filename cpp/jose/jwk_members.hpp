// The members of a JWK that determine whether and how it is used (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2), read once.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/key_fault.hpp"

namespace authjwks {

class JwkMembers {
  public:
    enum Name : std::uint8_t { kty, kid, use, alg, crv, n, e, x, y, d, kCount };

    /// A member that is null counts as absent; members of other key types are ignored. @return not_an_object,
    /// duplicate_member, or bad_member for a member of the wrong type. Views into the document.
    static Result<JwkMembers, KeyFault> read(json::Value value);

    const std::optional<std::string_view>& operator[](Name name) const { return texts_[name]; }

    /// Whether `use` (§4.2) and `key_ops` (§4.3), where present, both allow checking signatures.
    bool allow_verifying() const;

  private:
    /// @return false for a member of the wrong type.
    bool take(std::string_view name, json::Value member);
    bool has_bad_member() const;

    std::array<std::optional<std::string_view>, kCount> texts_;
    std::bitset<kCount> bad_;  // those that are no strings
    std::optional<json::Array> operations_;
};

}  // namespace authjwks
