// The stages of judging a request, in their order: each reason for a refusal belongs to one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace authjwks {

enum class Stage : std::uint8_t { request, parse, key, signature, claims, rights, infrastructure };

/// The stage's name, as Python sees it.
constexpr std::string_view name_of(Stage stage) {
    constexpr std::array<std::string_view, 7> names{"request", "parse",  "key",           "signature",
                                                    "claims",  "rights", "infrastructure"};
    return names[static_cast<std::size_t>(stage)];
}

}  // namespace authjwks
