#include "base/base64url.hpp"

#include <array>
#include <cstdint>

namespace authjwks::base64url {
namespace {

constexpr std::uint32_t kBad = 0xFF000000;
using Table = std::array<std::uint32_t, 256>;

/// Maps each character to its six bits, moved to where they belong in a group of 24; others to kBad.
consteval Table table_shifted(int shift) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    Table table{};
    table.fill(kBad);
    for (std::size_t value = 0; value < alphabet.size(); ++value)
        table[static_cast<unsigned char>(alphabet[value])] = static_cast<std::uint32_t>(value) << shift;
    return table;
}

constexpr Table kFirst = table_shifted(18), kSecond = table_shifted(12), kThird = table_shifted(6),
                kFourth = table_shifted(0);

constexpr char byte_of(std::uint32_t group, int shift) { return static_cast<char>((group >> shift) & 0xFF); }

}  // namespace

std::optional<std::size_t> decode(std::string_view text, char* out) {
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    const char* const begin = out;
    std::uint32_t seen = 0;
    for (std::size_t groups = text.size() / 4; groups > 0; --groups, in += 4, out += 3) {
        const std::uint32_t group = kFirst[in[0]] | kSecond[in[1]] | kThird[in[2]] | kFourth[in[3]];
        seen |= group;
        out[0] = byte_of(group, 16);
        out[1] = byte_of(group, 8);
        out[2] = byte_of(group, 0);
    }
    switch (text.size() % 4) {
        case 0: break;
        case 2: {
            const std::uint32_t group = kFirst[in[0]] | kSecond[in[1]];
            if ((group & 0xFFFF) != 0) return std::nullopt;
            seen |= group;
            *out++ = byte_of(group, 16);
            break;
        }
        case 3: {
            const std::uint32_t group = kFirst[in[0]] | kSecond[in[1]] | kThird[in[2]];
            if ((group & 0xFF) != 0) return std::nullopt;
            seen |= group;
            *out++ = byte_of(group, 16);
            *out++ = byte_of(group, 8);
            break;
        }
        default: return std::nullopt;
    }
    if ((seen & kBad) != 0) return std::nullopt;
    return static_cast<std::size_t>(out - begin);
}

std::optional<std::string> decode(std::string_view text) {
    std::string bytes(decoded_bound(text.size()), '\0');
    const auto size = decode(text, bytes.data());
    if (!size) return std::nullopt;
    bytes.resize(*size);
    return bytes;
}

}  // namespace authjwks::base64url
