#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace authjwks::json {
namespace {

/// Above this many members, sorting the names is cheaper than comparing each with each.
constexpr std::size_t kFew = 24;

}  // namespace

bool names_are_distinct(Object object) {
    const std::size_t count = object.size();
    if (count <= kFew) {
        std::array<std::string_view, kFew> names;
        std::size_t known = 0;
        for (const auto member : object) {
            if (std::find(names.begin(), names.begin() + known, member.key) != names.begin() + known) return false;
            names[known++] = member.key;
        }
        return true;
    }
    std::vector<std::string_view> names;
    names.reserve(count);
    for (const auto member : object) names.push_back(member.key);
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) == names.end();
}

std::span<char> Document::room(std::size_t size) {
    if (size > capacity_ || !text_) {
        text_ = std::make_unique_for_overwrite<char[]>(size + simdjson::SIMDJSON_PADDING);
        capacity_ = size;
    }
    return {text_.get(), size};
}

std::optional<Value> Document::parse(std::size_t size) {
    const std::size_t refused_depth = max_depth_ + 1;
    const bool fits = parser_.max_depth() == refused_depth && parser_.capacity() >= size;
    if (!fits && parser_.allocate(std::max(size, parser_.capacity()), refused_depth) != simdjson::SUCCESS)
        return std::nullopt;
    std::memset(text_.get() + size, ' ', simdjson::SIMDJSON_PADDING);
    Value value;
    if (parser_.parse(text_.get(), size, false).get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
}

std::optional<Value> Document::parse(std::string_view text) {
    const auto room_for_text = room(text.size());
    std::memcpy(room_for_text.data(), text.data(), text.size());
    return parse(text.size());
}

bool members_are_distinct(Value value) {
    if (Object object; value.get(object) == simdjson::SUCCESS)
        return names_are_distinct(object) &&
               std::ranges::all_of(object, [](const auto& member) { return members_are_distinct(member.value); });
    if (Array array; value.get(array) == simdjson::SUCCESS)
        return std::ranges::all_of(array, [](Value item) { return members_are_distinct(item); });
    return true;
}

}  // namespace authjwks::json
