// Turns a fuzzer's bytes into choices, numbers and texts, in the order they are asked for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace authjwks::fuzz {

/// Past the end of the bytes every choice is 0 and every text empty, so that any input is a whole one.
class ByteReader {
  public:
    ByteReader(const std::uint8_t* data, std::size_t size) : left_(reinterpret_cast<const char*>(data), size) {}

    bool empty() const noexcept { return left_.empty(); }

    std::uint8_t byte() {
        if (left_.empty()) return 0;
        const auto value = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        return value;
    }
    bool flag() { return (byte() & 1U) != 0; }
    /// One of 0 to `count` - 1; `count` is 256 at most.
    std::size_t choice(std::size_t count) { return byte() % count; }
    std::uint32_t number() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) value = value << 8U | byte();
        return value;
    }

    /// Up to the next `end`, which is skipped, or all that is left.
    std::string_view text_until(char end) {
        const std::string_view text = left_.substr(0, left_.find(end));
        left_.remove_prefix(std::min(text.size() + 1, left_.size()));
        return text;
    }
    std::string_view rest() {
        const std::string_view text = left_;
        left_ = {};
        return text;
    }

  private:
    std::string_view left_;
};

}  // namespace authjwks::fuzz
