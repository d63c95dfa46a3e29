// Strict JSON on top of simdjson: valid UTF-8, bounded depth, and no object that names a member twice.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace authjwks::json {

using Object = simdjson::dom::object;
using Array = simdjson::dom::array;
using Value = simdjson::dom::element;

/// Must not begin JSON that is sent (RFC 8259 §8.1). simdjson skips it from version 3.6 on.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Reusable memory for one JSON text and the document parsed from it; what parse() returns is valid until the next
/// parse() or the end of the Document.
class Document {
  public:
    /// @param max_depth how deep objects and arrays that are not empty may be nested, the outermost included.
    explicit Document(std::size_t max_depth) : max_depth_(max_depth) {}

    /// A buffer for `size` bytes of text, to be filled before parse(). Its former content is lost.
    std::span<char> room(std::size_t size);

    /// Parses the first `size` bytes of the buffer. @return nothing unless they are one JSON value within the bounds,
    /// without a byte order mark. Numbers beyond 64 bits or the range of a double are refused.
    std::optional<Value> parse(std::size_t size);

    /// Copies `text` into the buffer, and parses it.
    std::optional<Value> parse(std::string_view text);

    /// Whether parse() has just refused its text because of a number: one out of range, or one that is none.
    bool has_refused_number() const noexcept { return is_about_a_number(error_); }

  private:
    /// Newer versions of simdjson have an error of its own for integers of more than 64 bits.
    template <class Code>
    static constexpr bool is_about_a_number(Code code) {
        if constexpr (requires { Code::BIGINT_ERROR; })
            if (code == Code::BIGINT_ERROR) return true;
        return code == Code::NUMBER_ERROR;
    }

    std::size_t max_depth_;
    std::size_t capacity_ = 0;
    std::unique_ptr<char[]> text_;
    simdjson::dom::parser parser_;
    simdjson::error_code error_ = simdjson::SUCCESS;  // of the latest parse()
};

/// Whether all members of `object` itself have different names, after unescaping.
bool names_are_distinct(Object object);

/// The same for every object inside `value`: readers that choose different ones of two members make an attack possible
/// (RFC 8725 §2.4).
bool members_are_distinct(Value value);

enum class Kind : char {
    object = static_cast<char>(simdjson::dom::element_type::OBJECT),
    array = static_cast<char>(simdjson::dom::element_type::ARRAY),
    text = static_cast<char>(simdjson::dom::element_type::STRING),
    signed_number = static_cast<char>(simdjson::dom::element_type::INT64),
    unsigned_number = static_cast<char>(simdjson::dom::element_type::UINT64),  ///< beyond what is signed
    real_number = static_cast<char>(simdjson::dom::element_type::DOUBLE),
    boolean = static_cast<char>(simdjson::dom::element_type::BOOL),
    null = static_cast<char>(simdjson::dom::element_type::NULL_VALUE),
};

inline Kind kind_of(Value value) { return static_cast<Kind>(value.type()); }

/// The value as a T: Object, Array, std::string_view, std::int64_t, std::uint64_t, bool, or double for every number.
/// Nothing when it is of another kind.
template <class T>
std::optional<T> as(Value value) {
    T converted;
    if (value.get(converted) != simdjson::SUCCESS) return std::nullopt;
    return converted;
}

/// The value as text, or nothing when it is no string.
inline std::optional<std::string_view> text_of(Value value) { return as<std::string_view>(value); }

/// The member of that name, if there is one.
inline std::optional<Value> member(Object object, std::string_view name) {
    const auto found = object.at_key(name);
    if (found.error() != simdjson::SUCCESS) return std::nullopt;
    return found.value_unsafe();
}

/// simdjson's, as "3.2.1".
std::string library_version();

}  // namespace authjwks::json
