// Case-insensitive comparison as protocols define it: ASCII only, independent of the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace authjwks {

constexpr char to_lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}

constexpr bool same_ignoring_case(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, to_lower, to_lower);
}

}  // namespace authjwks
