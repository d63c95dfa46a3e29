#include "jose/key_strength.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace authjwks {
namespace {

/// A small prime, and the remainders of the powers of 65537: moduli of CVE-2017-15361 have only those.
struct Fingerprint {
    std::uint64_t prime = 0;
    std::bitset<168> powers;
};

Fingerprint fingerprint_of(std::uint64_t prime) {
    Fingerprint row{prime, {}};
    for (std::uint64_t power = 1; !row.powers.test(power); power = power * 65537 % prime) row.powers.set(power);
    return row;
}

/// The remainder of a big-endian number.
std::uint64_t remainder(std::string_view number, std::uint64_t divisor) {
    constexpr auto full = std::uint64_t{1} << 56U;  // from here on, another byte might not fit
    std::uint64_t rest = 0;
    for (const char byte : number) {
        rest = rest << 8U | static_cast<unsigned char>(byte);
        if (rest >= full) rest %= divisor;
    }
    return rest % divisor;
}

bool has_factorable_form(std::string_view modulus) {
    static const auto fingerprints = [] {
        constexpr std::array<std::uint64_t, 38> primes{3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                                       47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                                       107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
        std::array<Fingerprint, primes.size()> rows;
        std::ranges::transform(primes, rows.begin(), fingerprint_of);
        // Ordered so that most moduli fail early.
        std::ranges::sort(rows, {}, [](const Fingerprint& row) {
            return static_cast<double>(row.powers.count()) / static_cast<double>(row.prime);
        });
        return rows;
    }();
    return std::ranges::all_of(
        fingerprints, [modulus](const Fingerprint& row) { return row.powers.test(remainder(modulus, row.prime)); });
}

template <std::size_t Size>
using Bytes = std::array<unsigned char, Size>;

/// Little-endian bytes, the way RFC 8032 writes numbers, from the hexadecimal digits of the same bytes.
template <std::size_t Size>
consteval Bytes<Size> from_hex(std::string_view digits) {
    constexpr std::string_view alphabet = "0123456789abcdef";
    Bytes<Size> bytes{};
    for (std::size_t i = 0; i < Size; ++i)
        bytes[i] = static_cast<unsigned char>(alphabet.find(digits[2 * i]) * 16 + alphabet.find(digits[2 * i + 1]));
    return bytes;
}

template <std::size_t Size>
consteval Bytes<Size> small_number(unsigned char value) {
    Bytes<Size> bytes{};
    bytes[0] = value;
    return bytes;
}

// y coordinates of the points whose order divides the cofactor, and the field's prime p; -1 stands for p - 1.
constexpr auto kPrime25519 = from_hex<32>("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
constexpr std::array kSmallOrder25519{
    small_number<32>(0),
    small_number<32>(1),
    from_hex<32>("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    from_hex<32>("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    from_hex<32>("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
};
constexpr auto kPrime448 = from_hex<57>(
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff00");
constexpr std::array kSmallOrder448{
    small_number<57>(0),
    small_number<57>(1),
    from_hex<57>(
        "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff00"),
};

template <std::size_t Size>
Bytes<Size> array_of(std::string_view text) {
    Bytes<Size> bytes{};
    std::ranges::transform(text, bytes.begin(), [](char each) { return static_cast<unsigned char>(each); });
    return bytes;
}

template <std::size_t Size>
Bytes<Size> reversed(Bytes<Size> bytes) {
    std::ranges::reverse(bytes);
    return bytes;
}

template <std::size_t Size, std::size_t Points>
bool is_small_or_odd(Bytes<Size> point, const Bytes<Size>& prime, const std::array<Bytes<Size>, Points>& small) {
    point.back() &= 0x7F;  // the sign of x
    const bool canonical = std::ranges::lexicographical_compare(reversed(point), reversed(prime));
    return !canonical || std::ranges::find(small, point) != small.end();
}

}  // namespace

bool rsa_is_strong(std::string_view modulus, std::uint64_t exponent) {
    if (modulus.empty() || modulus.size() > kMaxRsaBits / 8) return false;
    const auto first = static_cast<unsigned char>(modulus.front()), last = static_cast<unsigned char>(modulus.back());
    if (modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(first)) < kMinRsaBits) return false;
    return exponent % 2 == 1 && exponent != 1 && last % 2 == 1 && !has_factorable_form(modulus);
}

bool has_small_order(std::string_view bytes, const Curve& curve) {
    if (bytes.size() != curve.field_bytes) return true;
    return curve.id == CurveId::ed448 ? is_small_or_odd(array_of<57>(bytes), kPrime448, kSmallOrder448)
                                      : is_small_or_odd(array_of<32>(bytes), kPrime25519, kSmallOrder25519);
}

}  // namespace authjwks
