#include "base/base64url.hpp"

#include <array>
#include <cstdint>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace authjwks::base64url {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint32_t kBad = 0xFF000000;
using Table = std::array<std::uint32_t, 256>;

/// Maps each character to its six bits, shifted to their position in a group of 24; others to kBad.
consteval Table table_shifted(int shift) {
    Table table{};
    table.fill(kBad);
    for (std::size_t value = 0; value < kAlphabet.size(); ++value)
        table[static_cast<unsigned char>(kAlphabet[value])] = static_cast<std::uint32_t>(value) << shift;
    return table;
}

constexpr Table kFirst = table_shifted(18), kSecond = table_shifted(12), kThird = table_shifted(6),
                kFourth = table_shifted(0);

constexpr char byte_of(std::uint32_t group, int shift) { return static_cast<char>((group >> shift) & 0xFF); }

#ifdef __x86_64__

constexpr std::size_t kBlock = 32;  // characters
/// This many characters decode to at least as many bytes as one store writes.
constexpr std::size_t kRoomForBlock = 44;

/// A table of 16 bytes, indexed by a half of a character.
using Lookup = std::array<unsigned char, 16>;

/// Characters with the same upper half form one class: '-', the digits, and so on up to 'p' to 'z'.
struct Classes {
    Lookup bit{};      ///< by the upper half: the class
    Lookup refused{};  ///< by the lower half: the classes without such a character
    Lookup shift{};    ///< by the upper half: from character to value, except for '_'
};

/// The correction for '_' (63), whose class is shifted as 'P' to 'Z' need it.
constexpr char kUnderscoreShift = 63 - ('_' - 'A');

consteval Classes classes() {
    Classes made;
    made.bit.fill(0x80);  // no class
    made.refused.fill(0xFF);
    for (std::size_t half = 2; half < 8; ++half) made.bit[half] = static_cast<unsigned char>(1U << half >> 2U);
    for (std::size_t value = 0; value < kAlphabet.size(); ++value) {
        const auto character = static_cast<unsigned char>(kAlphabet[value]);
        const unsigned int first = character >> 4U, second = character & 0x0FU;
        made.refused[second] = static_cast<unsigned char>(made.refused[second] & ~made.bit[first]);
        if (character != '_') made.shift[first] = static_cast<unsigned char>(value - character);
    }
    return made;
}

constexpr Classes kClasses = classes();

__attribute__((target("avx2"))) __m256i load_twice(const Lookup& lookup) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(lookup.data())));
}

/// Decodes whole blocks from the front; the rest is left to the table. After W. Mula and D. Lemire, "Faster Base64
/// Encoding and Decoding using AVX2 Instructions" (2018), with the URL-safe alphabet. @return how many characters were
/// decoded; stops at a block with a character outside the alphabet.
__attribute__((target("avx2"))) std::size_t decode_blocks(std::string_view text, char* out) {
    const __m256i bit = load_twice(kClasses.bit), refused = load_twice(kClasses.refused),
                  shift = load_twice(kClasses.shift), low_half = _mm256_set1_epi8(0x0F),
                  underscore = _mm256_set1_epi8('_'), underscore_shift = _mm256_set1_epi8(kUnderscoreShift);
    // Four six-bit values to three bytes, within each half; then both halves side by side.
    const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5, 4, 10,
                                           9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i halves = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1);
    std::size_t taken = 0;
    for (; text.size() - taken >= kRoomForBlock; taken += kBlock, out += kBlock / 4 * 3) {
        const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + taken));
        const __m256i first = _mm256_and_si256(_mm256_srli_epi32(block, 4), low_half);
        const __m256i second = _mm256_and_si256(block, low_half);
        if (_mm256_testz_si256(_mm256_shuffle_epi8(bit, first), _mm256_shuffle_epi8(refused, second)) == 0) break;
        const __m256i extra = _mm256_and_si256(_mm256_cmpeq_epi8(block, underscore), underscore_shift);
        const __m256i values = _mm256_add_epi8(_mm256_add_epi8(block, _mm256_shuffle_epi8(shift, first)), extra);
        const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
        const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
        const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(groups, order), halves);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
    }
    return taken;
}

std::size_t decode_front(std::string_view text, char* out) {
    return __builtin_cpu_supports("avx2") ? decode_blocks(text, out) : 0;
}

#else

std::size_t decode_front(std::string_view, char*) { return 0; }

#endif

}  // namespace

std::optional<std::size_t> decode(std::string_view text, char* out) {
    const char* const begin = out;
    const std::size_t taken = decode_front(text, out);
    out += taken / 4 * 3;
    text.remove_prefix(taken);
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
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
