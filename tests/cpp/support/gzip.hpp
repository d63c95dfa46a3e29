// Compressed bodies, including those that grow a thousandfold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace authjwks::support {

/// A gzip file (RFC 1952) whose content is `text` followed by `zeros` NUL bytes, at 13 bits for each 258 of them.
class Gzip {
  public:
    explicit Gzip(std::string_view text, std::size_t zeros = 0) {
        bits(0b1, 1);   // the last block,
        bits(0b01, 2);  // by the fixed codes of RFC 1951 §3.2.6
        for (const char letter : text) literal(static_cast<unsigned char>(letter));
        if (zeros > 0) literal(0);
        for (std::size_t left = zeros == 0 ? 0 : zeros - 1; left > 0;) {
            const std::size_t run = left >= 258 ? 258 : 1;
            if (run == 258) {
                code(0b11000101, 8);  // length 258,
                code(0b00000, 5);     // distance 1
                count(0, run);
            } else {
                literal(0);
            }
            left -= run;
        }
        code(0, 7);  // end of block
        if (used_ > 0) bytes_ += static_cast<char>(pending_);
        little_endian(~crc_);
        little_endian(size_);
    }

    const std::string& bytes() const noexcept { return bytes_; }

  private:
    void bits(unsigned int value, int size) {
        for (int i = 0; i < size; ++i) {
            pending_ |= (value >> i & 1U) << used_;
            if (++used_ < 8) continue;
            bytes_ += static_cast<char>(pending_);
            pending_ = 0;
            used_ = 0;
        }
    }
    /// Codes stand in the stream from their highest bit down.
    void code(unsigned int value, int size) {
        while (size-- > 0) bits(value >> size & 1U, 1);
    }
    void literal(unsigned char byte) {
        if (byte < 144)
            code(0x30U + byte, 8);
        else
            code(0x190U + byte - 144, 9);
        count(byte, 1);
    }
    void count(unsigned char byte, std::size_t times) {
        size_ += static_cast<std::uint32_t>(times);
        for (; times > 0; --times) {
            crc_ ^= byte;
            for (int i = 0; i < 8; ++i) crc_ = crc_ >> 1 ^ (0xEDB88320U & -(crc_ & 1U));
        }
    }
    void little_endian(std::uint32_t number) {
        for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(number >> shift);
    }

    std::string bytes_{"\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10};
    unsigned int pending_ = 0;
    int used_ = 0;
    std::uint32_t crc_ = ~0U, size_ = 0;
};

}  // namespace authjwks::support
