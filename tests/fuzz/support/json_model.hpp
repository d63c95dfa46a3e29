// A second JSON reader (RFC 8259), written for nothing but to disagree with the product's where one of both is wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace authjwks::fuzz {

struct JsonModel {
    using Array = std::vector<JsonModel>;
    using Object = std::vector<std::pair<std::string, JsonModel>>;  // in the order of the text, repeated names included

    std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value = nullptr;

    /// The whole text as one value; nothing when it is none. Strings must be UTF-8, escaped surrogates in pairs.
    static std::optional<JsonModel> read(std::string_view text);

    bool is_null() const { return std::holds_alternative<std::nullptr_t>(value); }
    bool is_true() const { return value.index() == 1 && std::get<bool>(value); }
    const double* number() const { return std::get_if<double>(&value); }
    const std::string* text() const { return std::get_if<std::string>(&value); }
    const Array* array() const { return std::get_if<Array>(&value); }
    const Object* object() const { return std::get_if<Object>(&value); }

    /// The first member of this name; null when this is no object or has none.
    const JsonModel* member(std::string_view name) const;
    /// Whether no object in here, however deep, names a member twice.
    bool names_are_distinct() const;
    /// How many objects and arrays that hold something are open at once.
    std::size_t depth() const;
};

}  // namespace authjwks::fuzz
