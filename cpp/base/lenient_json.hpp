// JSON as key servers send it: faults that do not affect keys are repaired and reported.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace authjwks::json {

/// The faults that were tolerated in a document.
struct Tolerated {
    bool byte_order_mark = false;      ///< at the beginning (RFC 8259 §8.1: must not be sent, may be ignored)
    bool number_out_of_range = false;  ///< of 64 bits or a double; read as 0

    Tolerated& operator|=(const Tolerated& other) {
        byte_order_mark = byte_order_mark || other.byte_order_mark;
        number_out_of_range = number_out_of_range || other.number_out_of_range;
        return *this;
    }
};

/// As `document.parse(text)`, but a byte order mark is skipped, and a number that is out of range is read as 0, so it
/// is never a string. Takes time in proportion to the text. @param tolerated the faults are added to it.
std::optional<Value> parse_leniently(Document& document, std::string_view text, Tolerated& tolerated);

/// Whether the `size` bytes that document.parse() has just refused are valid JSON except for numbers out of range. The
/// document holds nothing afterwards.
bool is_refused_for_range(Document& document, std::size_t size);

}  // namespace authjwks::json
