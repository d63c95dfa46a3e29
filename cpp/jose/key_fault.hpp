// Why a member of a key set is not used for checking signatures; the rest of the set is used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace authjwks {

enum class KeyFault : std::uint8_t {
    not_an_object,
    duplicate_member,
    bad_member,
    unsupported_kty,
    unsupported_crv,
    not_for_signatures,
    unsupported_alg,
    private_key,
    bad_encoding,
    weak_key,
    invalid_point,
};

inline constexpr std::array<std::string_view, 11> kKeyFaultNames{
    "not_an_object",   "duplicate_member", "bad_member",   "unsupported_kty", "unsupported_crv", "not_for_signatures",
    "unsupported_alg", "private_key",      "bad_encoding", "weak_key",        "invalid_point"};

/// The name of the fault, for reports.
constexpr std::string_view name_of(KeyFault fault) { return kKeyFaultNames[static_cast<std::size_t>(fault)]; }

}  // namespace authjwks
