#include "base/json.hpp"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <vector>

namespace authjwks::json {
namespace {

/// Makes simdjson choose its implementation for this CPU, as it otherwise does with the first document.
simdjson::error_code choose_implementation() noexcept {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> made;
    return simdjson::get_active_implementation()->create_dom_parser_implementation(1, 1, made);
}

/// At load time: after a fork during the choice, the child would wait for a thread that does not exist there.
[[maybe_unused]] const simdjson::error_code kChosenAtLoad = choose_implementation();

/// A quick test: true when all names have different hashes, and so are distinct. False decides nothing.
bool have_distinct_hashes(Object object) {
    std::bitset<1024> seen;
    for (const auto member : object) {
        const std::string_view name = member.key;
        if (name.empty()) return false;
        const auto at = [name](std::size_t index) { return std::size_t{static_cast<unsigned char>(name[index])}; };
        const std::size_t hash = at(0) * 31 + at(name.size() / 2) * 7 + at(name.size() - 1) * 131 + name.size();
        if (seen.test(hash % seen.size())) return false;
        seen.set(hash % seen.size());
    }
    return true;
}

}  // namespace

bool names_are_distinct(Object object) {
    if (have_distinct_hashes(object)) return true;
    std::vector<std::string_view> names;
    names.reserve(object.size());
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
    if (std::string_view(text_.get(), size).starts_with(kByteOrderMark)) return std::nullopt;
    std::memset(text_.get() + size, ' ', simdjson::SIMDJSON_PADDING);
    Value value;
    error_ = parser_.parse(text_.get(), size, false).get(value);
    if (error_ != simdjson::SUCCESS) return std::nullopt;
    return value;
}

std::optional<Value> Document::parse(std::string_view text) {
    const auto room_for_text = room(text.size());
    std::memcpy(room_for_text.data(), text.data(), text.size());
    return parse(text.size());
}

std::string library_version() {
    return std::to_string(simdjson::SIMDJSON_VERSION_MAJOR) + "." + std::to_string(simdjson::SIMDJSON_VERSION_MINOR) +
           "." + std::to_string(simdjson::SIMDJSON_VERSION_REVISION);
}

bool members_are_distinct(Value value) {
    if (value.is_object()) {
        const Object object = value;
        return names_are_distinct(object) &&
               std::ranges::all_of(object, [](const auto& member) { return members_are_distinct(member.value); });
    }
    if (value.is_array())
        return std::ranges::all_of(Array(value), [](Value item) { return members_are_distinct(item); });
    return true;
}

}  // namespace authjwks::json
