#include "jose/key_strength.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"
#include "support/signature_numbers.hpp"

namespace authjwks {
namespace {

using support::KeyPair;

constexpr std::uint64_t kLargest = 0xFFFF'FFFF'FFFF'FFFF;  // 2^64 - 1

crypto::Bignum number(BN_ULONG value) {
    crypto::Bignum result(BN_new());
    BN_set_word(result.get(), value);
    return result;
}

crypto::Bignum from_hex(const char* digits) {
    BIGNUM* result = nullptr;
    BN_hex2bn(&result, digits);
    return crypto::Bignum(result);
}

/// 2^(bits - 1) + 1: a modulus in size and parity, and no more than that is looked at.
crypto::Bignum modulus_of(int bits) {
    auto result = number(1);
    BN_set_bit(result.get(), bits - 1);
    return result;
}

bool strong(const crypto::Bignum& modulus, std::uint64_t exponent) {
    return rsa_is_strong(support::bytes_of(*modulus), exponent);
}

TEST(GivenAGeneratedRsaKey, ItIsStrong) {
    const auto numbers = KeyPair::of("RSA").public_key().rsa_numbers();
    ASSERT_TRUE(numbers);
    EXPECT_TRUE(rsa_is_strong(numbers->modulus, numbers->exponent));
}

TEST(GivenNoModulus, ItIsWeak) { EXPECT_FALSE(rsa_is_strong("", 65537)); }

TEST(GivenAModulusWithinItsBounds, ItIsStrong) {
    for (const int bits : {2048, 2049, 3072, 4096, 8191, 8192}) EXPECT_TRUE(strong(modulus_of(bits), 65537)) << bits;
}

TEST(GivenAModulusOutsideItsBounds, ItIsWeak) {
    for (const int bits : {512, 1024, 2040, 2047, 8193, 16384}) EXPECT_FALSE(strong(modulus_of(bits), 65537)) << bits;
}

TEST(GivenAnEvenModulus, ItIsWeak) {
    auto even = modulus_of(2048);
    BN_sub_word(even.get(), 1);
    EXPECT_FALSE(strong(even, 65537));
}

TEST(GivenAnOddExponentFromThreeBelowTwoToThe64, ItIsStrong) {
    for (const std::uint64_t exponent : std::initializer_list<std::uint64_t>{3, 5, 17, 65537, kLargest})
        EXPECT_TRUE(strong(modulus_of(2048), exponent)) << exponent;
}

TEST(GivenAnyOtherExponent, ItIsWeak) {
    for (const std::uint64_t exponent : std::initializer_list<std::uint64_t>{1, 2, 4, 65536, kLargest - 1})
        EXPECT_FALSE(strong(modulus_of(2048), exponent)) << exponent;
}

/// Moduli as the faulty library made them (CVE-2017-15361): modulo the product of the first primes, a power of 65537.
class GivenTheFactorableForm : public ::testing::Test {
  protected:
    GivenTheFactorableForm() {
        const auto generator = number(65537), exponent = number(123'456'789);
        BN_mod_exp(residue.get(), generator.get(), exponent.get(), product.get(), ctx.get());
        BN_set_bit(modulus.get(), 2047);
        crypto::Bignum rest(BN_new());
        BN_mod(rest.get(), modulus.get(), product.get(), ctx.get());
        BN_sub(modulus.get(), modulus.get(), rest.get());
        BN_add(modulus.get(), modulus.get(), product.get());
        BN_add(modulus.get(), modulus.get(), residue.get());
    }

    struct FreeCtx {
        void operator()(BN_CTX* context) const { BN_CTX_free(context); }
    };
    std::unique_ptr<BN_CTX, FreeCtx> ctx{BN_CTX_new()};
    crypto::Bignum product = [] {
        auto all = number(1);
        for (const BN_ULONG prime :
             {2,  3,  5,  7,  11, 13,  17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67, 71,
              73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167})
            BN_mul_word(all.get(), prime);
        return all;
    }();
    crypto::Bignum residue{BN_new()}, modulus{BN_new()};
};

TEST_F(GivenTheFactorableForm, ItIsWeak) {
    ASSERT_EQ(BN_num_bits(modulus.get()), 2048);
    EXPECT_FALSE(strong(modulus, 65537));
}

// Modulo 11 the powers of 65537 are 1 and 10 alone.
TEST_F(GivenTheFactorableForm, OneRemainderOutOfIsEnoughToBeStrong) {
    auto step = crypto::Bignum(BN_dup(product.get()));
    BN_div_word(step.get(), 11);
    do {
        BN_add(modulus.get(), modulus.get(), step.get());
    } while (BN_mod_word(modulus.get(), 11) == 1 || BN_mod_word(modulus.get(), 11) == 10 ||
             BN_is_odd(modulus.get()) == 0);
    EXPECT_TRUE(strong(modulus, 65537));
}

/// The bytes of an Edwards public key from the big-endian digits of its y coordinate; the topmost bit is the sign of x.
std::string edwards_key(const Curve& curve, const char* digits) {
    return support::little_endian(*from_hex(digits), curve.field_bytes);
}

constexpr const Curve& kEd25519 = *find_curve("Ed25519");
// Judged from its bytes, so in every build.
constexpr const Curve& kEd448 = *std::ranges::find(kKnownCurves, CurveId::ed448, &Curve::id);

TEST(GivenGeneratedEdwardsKeys, TheirOrderIsNotSmall) {
    for (const Curve& curve : kCurves)
        for (int round = 0; curve.key_type == KeyType::okp && round < 20; ++round)
            EXPECT_FALSE(has_small_order(*KeyPair::generate(curve.name).public_key().okp_bytes(), curve));
}

TEST(GivenAnEd25519PointOfSmallOrder, ItIsFoundWithBothSigns) {
    for (const char* digits : {"00", "8000000000000000000000000000000000000000000000000000000000000000",  // order 4
                               "01", "8000000000000000000000000000000000000000000000000000000000000001",  // order 1
                               "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEC",        // order 2
                               "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEC",
                               "05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826",  // order 8
                               "85FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826",
                               "7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7",
                               "FA03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7"})
        EXPECT_TRUE(has_small_order(edwards_key(kEd25519, digits), kEd25519)) << digits;
}

TEST(GivenAnEd25519NumberOfThePrimeOrMore, ItCountsAsSmall) {
    for (const char* last : {"ED", "EE", "EF", "F0", "F8", "FE", "FF"})
        for (const char* first : {"7F", "FF"}) {
            const std::string digits = first + std::string(60, 'F') + last;
            EXPECT_TRUE(has_small_order(edwards_key(kEd25519, digits.c_str()), kEd25519)) << digits;
        }
}

TEST(GivenAnEd25519NumberNextToASmallOne, ItIsNotConfused) {
    for (const char* digits : {"02", "03", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEB",
                               "05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E827",
                               "0100000000000000000000000000000000000000000000000000000000000000"})
        EXPECT_FALSE(has_small_order(edwards_key(kEd25519, digits), kEd25519)) << digits;
}

const std::string kHalf448 = std::string(55, 'F') + 'E' + std::string(54, 'F');  // p but for its last two digits

TEST(GivenAnEd448PointOfSmallOrder, ItIsFoundWithBothSigns) {
    const std::string zeros(110, '0');
    for (const std::string& digits : {"00" + zeros + "00", "80" + zeros + "00",         // order 4
                                      "00" + zeros + "01", "80" + zeros + "01",         // order 1
                                      "00" + kHalf448 + "FE", "80" + kHalf448 + "FE"})  // order 2
        EXPECT_TRUE(has_small_order(edwards_key(kEd448, digits.c_str()), kEd448)) << digits;
}

TEST(GivenAnEd448NumberOfThePrimeOrMore, ItCountsAsSmall) {
    for (const std::string& digits :
         {"00" + kHalf448 + "FF", "80" + kHalf448 + "FF", "00" + std::string(112, 'F'), "01" + std::string(112, '0'),
          "40" + std::string(112, '0'), "7F" + std::string(112, 'F'), "FF" + std::string(112, 'F')})
        EXPECT_TRUE(has_small_order(edwards_key(kEd448, digits.c_str()), kEd448)) << digits;
}

TEST(GivenAnEd448NumberNextToASmallOne, ItIsNotConfused) {
    for (const std::string& digits : {std::string("02"), "00" + kHalf448 + "FD"})
        EXPECT_FALSE(has_small_order(edwards_key(kEd448, digits.c_str()), kEd448)) << digits;
}

}  // namespace
}  // namespace authjwks
