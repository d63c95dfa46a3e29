#include "jose/key_material.hpp"

#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <openssl/x509.h>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"
#include "support/param_builder.hpp"

namespace authjwks {
namespace {

using support::KeyPair;

ossl::Pkey generate(const char* type) { return ossl::Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, type)); }
ossl::Pkey generate_ec(const char* group) { return ossl::Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group)); }

TEST(GivenAnRsaKey, ItIsTakenWithoutACurve) {
    const auto material = KeyMaterial::check(KeyPair::of("RSA").public_key());

    ASSERT_TRUE(material);
    EXPECT_EQ(material->type(), KeyType::rsa);
    EXPECT_EQ(material->curve(), nullptr);
    EXPECT_EQ(material->signature_bytes(), 256U) << "as long as the modulus";
}

TEST(GivenAKeyOnEachCurve, ItIsTakenWithItsRow) {
    for (const Curve& row : kCurves) {
        SCOPED_TRACE(row.name);
        const auto material = KeyMaterial::check(KeyPair::of(row.name).public_key());
        ASSERT_TRUE(material);
        EXPECT_EQ(material->type(), row.key_type);
        EXPECT_EQ(material->curve(), &row);
        EXPECT_EQ(material->signature_bytes(), row.signature_bytes);
    }
}

TEST(GivenACurveThatNoAlgorithmUses, ItIsRefused) {
    for (const char* group : {"secp256k1", "secp224r1", "brainpoolP256r1", "SM2"}) {
        SCOPED_TRACE(group);
        auto key = generate_ec(group);
        ASSERT_TRUE(key);
        const auto material = KeyMaterial::check(std::move(key));
        ASSERT_FALSE(material);
        EXPECT_EQ(material.error(), KeyFault::unsupported_crv);
    }
}

// Anybody who may choose the generator can make a private key for any public one (CVE-2020-0601).
TEST(GivenP256WithAnotherGenerator, ItIsRefused) {
    const ossl::Pkey model = KeyPair::generate("P-256").public_key();
    std::array<unsigned char, 65> point{};
    std::size_t size = 0;
    ASSERT_EQ(EVP_PKEY_get_octet_string_param(model.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size),
              1);
    const support::ParamBuilder builder(OSSL_PARAM_BLD_new());
    std::vector<ossl::Bignum> numbers;  // the builder only borrows them
    for (const char* name : {OSSL_PKEY_PARAM_EC_P, OSSL_PKEY_PARAM_EC_A, OSSL_PKEY_PARAM_EC_B, OSSL_PKEY_PARAM_EC_ORDER,
                             OSSL_PKEY_PARAM_EC_COFACTOR}) {
        BIGNUM* number = nullptr;
        ASSERT_EQ(EVP_PKEY_get_bn_param(model.get(), name, &number), 1);
        numbers.emplace_back(number);
        OSSL_PARAM_BLD_push_BN(builder.get(), name, number);
    }
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_EC_FIELD_TYPE, "prime-field", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_EC_GENERATOR, point.data(), size);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), size);
    const support::Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* pkey = nullptr;
    ASSERT_EQ(EVP_PKEY_fromdata_init(ctx.get()), 1);
    ASSERT_EQ(EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()), 1);

    const auto material = KeyMaterial::check(ossl::Pkey(pkey));

    ASSERT_FALSE(material);
    EXPECT_EQ(material.error(), KeyFault::unsupported_crv);
}

// Under it (r, s) = (x of the generator, digest of the message) verifies for every message.
TEST(GivenTheEcPointAtInfinity, ItIsRefused) {
    constexpr std::array<unsigned char, 27> der{0x30, 0x19, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                                0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                                0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x02, 0x00, 0x00};
    const unsigned char* in = der.data();
    ossl::Pkey infinity(d2i_PUBKEY(nullptr, &in, der.size()));
    ASSERT_TRUE(infinity) << "OpenSSL itself takes it";

    EXPECT_FALSE(KeyMaterial::check(std::move(infinity)));
}

TEST(GivenAKeyThatCannotCheckSignatures, ItIsRefused) {
    for (const char* type : {"X25519", "X448"}) {
        SCOPED_TRACE(type);
        const auto material = KeyMaterial::check(generate(type));
        ASSERT_FALSE(material);
        EXPECT_EQ(material.error(), KeyFault::unsupported_kty);
    }
}

// Such a key brings parameters of its own, which could contradict RFC 7518 §3.5.
TEST(GivenAnRsaKeyForPssOnly, ItIsRefused) {
    const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
    EVP_PKEY* pkey = nullptr;
    ASSERT_EQ(EVP_PKEY_keygen_init(ctx.get()), 1);
    ASSERT_EQ(EVP_PKEY_generate(ctx.get(), &pkey), 1);

    const auto material = KeyMaterial::check(ossl::Pkey(pkey));

    ASSERT_FALSE(material);
    EXPECT_EQ(material.error(), KeyFault::unsupported_kty);
}

TEST(GivenAWeakKey, ItIsRefused) {
    const ossl::Pkey small(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}));
    const auto rsa = KeyMaterial::check(ossl::share(small));
    ASSERT_FALSE(rsa);
    EXPECT_EQ(rsa.error(), KeyFault::weak_key);

    const std::string identity = '\x01' + std::string(31, '\0');
    const auto okp = KeyMaterial::check(ossl::Pkey(EVP_PKEY_new_raw_public_key_ex(
        nullptr, "ED25519", nullptr, reinterpret_cast<const unsigned char*>(identity.data()), identity.size())));
    ASSERT_FALSE(okp);
    EXPECT_EQ(okp.error(), KeyFault::weak_key);
}

TEST(GivenAMaterial, ASharedKeyIsTheSameAndOutlivesIt) {
    ossl::Pkey key = KeyPair::of("Ed25519").public_key();
    const EVP_PKEY* const address = key.get();

    const ossl::Pkey shared = [&] { return KeyMaterial::check(std::move(key))->share(); }();

    EXPECT_EQ(shared.get(), address);
    EXPECT_EQ(EVP_PKEY_is_a(shared.get(), "ED25519"), 1);
}

TEST(GivenAnyKey, CheckingItLeavesNoErrorForOpensslsOtherUsers) {
    std::ignore = KeyMaterial::check(generate("X25519"));
    std::ignore = KeyMaterial::check(generate_ec("secp256k1"));

    EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace authjwks
