// Base64url (RFC 4648 §5) written a second time, bit by bit, to hold the product's decoder against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace authjwks::fuzz {

inline constexpr std::string_view kBase64UrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Without padding.
inline std::string to_base64url(std::string_view bytes) {
    std::string text;
    std::uint32_t pending = 0;
    unsigned int bits = 0;
    for (const char byte : bytes) {
        pending = (pending << 8U | static_cast<unsigned char>(byte)) & 0xFFFFU;
        for (bits += 8; bits >= 6; bits -= 6) text += kBase64UrlAlphabet[pending >> (bits - 6) & 63U];
    }
    if (bits > 0) text += kBase64UrlAlphabet[pending << (6 - bits) & 63U];
    return text;
}

/// @return the bytes whose one text this is; nothing when it is the text of none.
inline std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes;
    std::uint32_t pending = 0;
    unsigned int bits = 0;
    for (const char letter : text) {
        const auto value = kBase64UrlAlphabet.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        pending = (pending << 6U | static_cast<std::uint32_t>(value)) & 0xFFFFU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(pending >> bits & 255U);
    }
    return to_base64url(bytes) == text ? std::optional(bytes) : std::nullopt;
}

}  // namespace authjwks::fuzz
