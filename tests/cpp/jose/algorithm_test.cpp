#include "jose/algorithm.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

const Algorithm& row_of(std::string_view name) { return **find_algorithm(name); }

TEST(GivenTheAlgorithmTable, ItHasExactlyTheAsymmetricSignatures) {
    std::vector<std::string_view> names;
    for (const Algorithm& row : kKnownAlgorithms) names.push_back(row.name);

    EXPECT_EQ(names, (std::vector<std::string_view>{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                                    "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"}));
}

TEST(GivenALibraryWithoutEd448, ItsRowsAreInNoTable) {
    EXPECT_EQ(kAlgorithms.size(), kKnownAlgorithms.size() - (crypto::kHasEd448 ? 0 : 1));
    EXPECT_EQ(kCurves.size(), kKnownCurves.size() - (crypto::kHasEd448 ? 0 : 1));
    EXPECT_EQ(bool(find_algorithm("Ed448")), crypto::kHasEd448);
    EXPECT_EQ(find_curve("Ed448") != nullptr, crypto::kHasEd448);
}

TEST(GivenTheAlgorithmTable, EachRowIsFoundByItsName) {
    for (const Algorithm& row : kAlgorithms) {
        const auto found = find_algorithm(row.name);
        ASSERT_TRUE(found) << row.name;
        EXPECT_EQ(*found, &row);
    }
}

TEST(GivenANameThatIsNotInTheTable, ItIsUnsupported) {
    for (const std::string_view name :
         {"none",   "None",     "NONE",   "nOnE",   "",       "HS256",   "HS384",     "HS512", "rs256", "Rs256",
          "RS256 ", " RS256",   "RS25",   "RS2567", "RS1",    "ES256K",  "ES521",     "eddsa", "EDDSA", "ed25519",
          "X25519", "RSA-OAEP", "RSA1_5", "dir",    "A128KW", "ECDH-ES", "ML-DSA-44", "*"}) {
        const auto found = find_algorithm(name);
        ASSERT_FALSE(found) << name;
        EXPECT_EQ(found.error(), Errc::unsupported_alg);
    }
}

TEST(GivenTheCurveTable, ItsSizesAreThoseOfTheRfcs) {
    struct Sizes {
        std::string_view name;
        std::size_t field, signature;
    };
    // RFC 7518 §3.4 and §6.2.1.2, RFC 8032 §5.1.2, §5.1.6, §5.2.2 and §5.2.6
    for (const auto& [name, field, signature] :
         {Sizes{"P-256", 32, 64}, {"P-384", 48, 96}, {"P-521", 66, 132}, {"Ed25519", 32, 64}, {"Ed448", 57, 114}}) {
        const auto* const row = std::ranges::find(kKnownCurves, name, &Curve::name);
        ASSERT_NE(row, kKnownCurves.end()) << name;
        EXPECT_EQ(row->field_bytes, field) << name;
        EXPECT_EQ(row->signature_bytes, signature) << name;
    }
    EXPECT_EQ(kKnownCurves.size(), 5U);
}

TEST(GivenACurveThatIsNotInTheTable, FindCurveYieldsNull) {
    for (const std::string_view name :
         {"", "secp256k1", "P-192", "P-224", "p-256", "prime256v1", "X25519", "X448", "ed25519", "BP-256"})
        EXPECT_EQ(find_curve(name), nullptr) << name;
}

TEST(GivenEveryKindOfKey, ItFitsJustTheAlgorithmsMadeForIt) {
    struct Row {
        const Curve* curve;
        std::vector<std::string_view> names;
    };
    std::vector<Row> rows{
        {nullptr, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}},
        {find_curve("P-256"), {"ES256"}},
        {find_curve("P-384"), {"ES384"}},
        {find_curve("P-521"), {"ES512"}},
        {find_curve("Ed25519"), {"EdDSA", "Ed25519"}},
    };
    if (crypto::kHasEd448) rows.push_back({find_curve("Ed448"), {"EdDSA", "Ed448"}});
    for (const auto& [curve, expected] : rows) {
        std::vector<std::string_view> names;
        for (const Algorithm& row : kAlgorithms)
            if (fits(row, curve != nullptr ? curve->key_type : KeyType::rsa, curve)) names.push_back(row.name);
        EXPECT_EQ(names, expected);
    }
}

TEST(GivenAnEmptySet, ItContainsNothing) {
    const AlgorithmSet set;

    EXPECT_TRUE(set.empty());
    for (const Algorithm& row : kAlgorithms) EXPECT_FALSE(set.contains(row)) << row.name;
}

TEST(GivenASetOfTwo, ItContainsJustThese) {
    AlgorithmSet set;
    set.insert(row_of("RS256"));
    set.insert(row_of("ES512"));
    set.insert(row_of("ES512"));

    EXPECT_FALSE(set.empty());
    for (const Algorithm& row : kAlgorithms)
        EXPECT_EQ(set.contains(row), row.name == "RS256" || row.name == "ES512") << row.name;
}

}  // namespace
}  // namespace authjwks
