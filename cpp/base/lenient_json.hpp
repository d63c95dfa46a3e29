// JSON as servers of keys send it: with what is wrong, yet has no bearing on keys, put right and told of.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace authjwks::json {

/// What was put up with in a document.
struct Tolerated {
    bool byte_order_mark = false;      ///< in front (RFC 8259 §8.1 forbids to send it and allows to ignore it)
    bool number_out_of_range = false;  ///< of 64 bits or a double; read as 0

    Tolerated& operator|=(const Tolerated& other) {
        byte_order_mark = byte_order_mark || other.byte_order_mark;
        number_out_of_range = number_out_of_range || other.number_out_of_range;
        return *this;
    }
};

/// As `document.parse(text)`, but a byte order mark is skipped, and a number that is out of range is read as 0, which
/// is no text either. Takes time in proportion to the text. @param met  what was put up with is
/// added to it.
std::optional<Value> parse_leniently(Document& document, std::string_view text, Tolerated& met);

/// Whether the `size` bytes that document.parse() has just refused are JSON but for numbers out of range. The document
/// holds nothing afterwards.
bool is_refused_for_range(Document& document, std::size_t size);

}  // namespace authjwks::json
