#include "jose/key_set.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"
#include "support/new_key.hpp"

namespace authjwks {
namespace {

using support::algorithm;
using support::json_text;
using support::key_set_json;
using support::KeyPair;
using support::Members;
using support::to_json;

KeySet parse(std::string_view text) { return *KeySet::parse(text, {}); }

KeySetFault fault_of(std::string_view text, const KeySetLimits& limits = {}) {
    const auto keys = KeySet::parse(text, limits);
    return keys ? throw std::runtime_error("it is a key set") : keys.error();
}

std::size_t found(const KeySet& keys, std::optional<std::string_view> key_id, std::string_view name) {
    return keys.find(key_id, algorithm(name)).keys().size();
}

TEST(GivenASetOfNamedKeys, EachIsFoundByExactlyItsName) {
    const KeyPair &first = KeyPair::of("P-256"), second = KeyPair::generate("P-256");
    const KeySet keys = parse(key_set_json({first.jwk("a"), second.jwk("b"), KeyPair::of("RSA").jwk("")}));
    const Algorithm& es256 = algorithm("ES256");

    const auto at_a = keys.find("a", es256), at_b = keys.find("b", es256);

    ASSERT_EQ(at_a.keys().size(), 1U);
    ASSERT_EQ(at_b.keys().size(), 1U);
    EXPECT_TRUE(at_a.keys()[0]->verifies("m", first.sign(es256, "m")));
    EXPECT_TRUE(at_b.keys()[0]->verifies("m", second.sign(es256, "m")));
    EXPECT_EQ(found(keys, "", "RS256"), 1U) << "an empty name is a name";
    for (const std::string_view other : std::initializer_list<std::string_view>{"A", "a ", "", "ab", "c", {"a\0", 2}})
        EXPECT_EQ(found(keys, other, "ES256"), 0U) << other;
}

TEST(GivenANamedKey, ItIsNotFoundForAlgorithmsItDoesNotServe) {
    Members restricted = KeyPair::of("RSA").jwk("a");
    restricted["alg"] = json_text("RS256");
    const KeySet keys = parse(key_set_json({restricted}));

    for (const Algorithm& row : kAlgorithms) {
        EXPECT_EQ(found(keys, "a", row.name), row.name == "RS256" ? 1U : 0U) << row.name;
        EXPECT_EQ(found(keys, std::nullopt, row.name), row.name == "RS256" ? 1U : 0U) << row.name;
    }
}

TEST(GivenASetAtItsLimit, EveryKeyIsFound) {
    std::string text;
    for (int i = 0; i < 256; ++i)
        text.append(text.empty() ? R"({"keys":[)" : ",")
            .append(to_json(KeyPair::of("Ed25519").jwk("k" + std::to_string(i))));
    const KeySet keys = parse(text + "]}");

    for (int i = 0; i < 256; ++i) EXPECT_EQ(found(keys, "k" + std::to_string(i), "EdDSA"), 1U) << i;
    EXPECT_EQ(found(keys, "k256", "EdDSA"), 0U);
}

TEST(GivenANameSharedByKeysOfSeveralKinds, OnlyThoseThatFitAreFound) {
    const KeySet keys = parse(key_set_json({KeyPair::of("P-256").jwk("a"), KeyPair::of("RSA").jwk("a"),
                                            KeyPair::of("P-384").jwk("b"), KeyPair::of("Ed25519").jwk("a")}));

    for (const std::string_view name : {"ES256", "RS256", "PS512", "EdDSA", "Ed25519"})
        EXPECT_EQ(found(keys, "a", name), 1U) << name;
    for (const std::string_view name : {"ES384", "ES512"}) EXPECT_EQ(found(keys, "a", name), 0U) << name;
}

TEST(GivenANameSharedByMoreThanFourKeys, TheFirstFourThatFitAreTried) {
    std::vector<KeyPair> pairs;
    std::string text = R"({"keys":[)";
    for (int i = 0; i < 6; ++i) {
        pairs.push_back(KeyPair::generate("P-256"));
        text += to_json(KeyPair::of("Ed25519").jwk("a")) + ',' + to_json(pairs.back().jwk("a")) + (i < 5 ? "," : "]}");
    }
    const KeySet keys = parse(text);
    const Algorithm& es256 = algorithm("ES256");

    const auto candidates = keys.find("a", es256);

    ASSERT_EQ(candidates.keys().size(), KeySet::kMaxCandidates);
    ASSERT_EQ(KeySet::kMaxCandidates, 4U);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_TRUE(candidates.keys()[i]->verifies("m", pairs[i].sign(es256, "m"))) << "in the order of the document";
}

TEST(GivenATokenWithoutAName, TheOneKeyThatFitsIsFoundWhateverItsOwn) {
    const KeySet named = parse(key_set_json({KeyPair::of("P-256").jwk("a"), KeyPair::of("P-384").jwk("b")}));
    EXPECT_EQ(found(named, std::nullopt, "ES256"), 1U);
    EXPECT_EQ(found(named, std::nullopt, "ES384"), 1U);
    EXPECT_EQ(found(named, std::nullopt, "RS256"), 0U);

    const KeySet unnamed = parse(key_set_json({KeyPair::of("P-256").jwk()}));
    EXPECT_EQ(found(unnamed, std::nullopt, "ES256"), 1U);
}

TEST(GivenATokenWithoutAName, NoKeyIsFoundWhereSeveralFit) {
    const Members first = KeyPair::of("P-256").jwk("a"), second = KeyPair::generate("P-256").jwk("b"),
                  third = KeyPair::generate("P-256").jwk();
    EXPECT_EQ(found(parse(key_set_json({first, second})), std::nullopt, "ES256"), 0U);
    EXPECT_EQ(found(parse(key_set_json({first, second, third})), std::nullopt, "ES256"), 0U);
    if (!crypto::kHasEd448) return;
    EXPECT_EQ(found(parse(key_set_json({KeyPair::of("Ed448").jwk("a"), KeyPair::of("Ed25519").jwk("b")})), std::nullopt,
                    "EdDSA"),
              0U);
}

TEST(GivenATokenWithoutAName, KeysBoundToOtherAlgorithmsDoNotCount) {
    Members first = KeyPair::of("RSA").jwk("a"), second = KeyPair::generate("RSA").jwk("b");
    first["alg"] = json_text("RS256");
    second["alg"] = json_text("PS256");
    const KeySet keys = parse(key_set_json({first, second}));

    EXPECT_EQ(found(keys, std::nullopt, "RS256"), 1U);
    EXPECT_EQ(found(keys, std::nullopt, "PS256"), 1U);
    EXPECT_EQ(found(keys, std::nullopt, "RS512"), 0U);
}

TEST(GivenAKeyWithoutAName, ATokenWithANameDoesNotFindIt) {
    EXPECT_EQ(found(parse(key_set_json({KeyPair::of("P-256").jwk()})), "a", "ES256"), 0U);
    EXPECT_EQ(found(parse(key_set_json({KeyPair::of("P-256").jwk()})), "", "ES256"), 0U);
}

TEST(GivenKeysThatCannotBeUsed, EachIsReportedAndTheOthersServe) {
    Members secret = {{"kty", json_text("oct")}, {"k", json_text("AAAA")}},
            for_encryption = KeyPair::of("RSA").jwk("a");
    for_encryption["use"] = json_text("enc");
    Members off_curve = KeyPair::of("P-256").jwk("b");
    std::swap(off_curve["x"], off_curve["y"]);
    const std::string good = to_json(KeyPair::of("P-256").jwk("good"));

    const KeySet keys = parse(R"({"keys":[null,)" + to_json(secret) + ',' + good + ',' + to_json(for_encryption) +
                              R"(,{"kid":"a","kid":"a"},{"kty":"RSA","kid":7},)" + to_json(off_curve) + "]}");

    EXPECT_EQ(found(keys, "good", "ES256"), 1U);
    ASSERT_EQ(keys.usable().size(), 1U);
    EXPECT_EQ(keys.usable()[0].key_id, "good");
    EXPECT_EQ(keys.members(), 7U);
    const std::vector<std::pair<std::size_t, KeyFault>> expected{
        {0, KeyFault::not_an_object},    {1, KeyFault::unsupported_kty}, {3, KeyFault::not_for_signatures},
        {4, KeyFault::duplicate_member}, {5, KeyFault::bad_member},      {6, KeyFault::invalid_point}};
    ASSERT_EQ(keys.skipped().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(keys.skipped()[i].index, expected[i].first);
        EXPECT_EQ(name_of(keys.skipped()[i].reason), name_of(expected[i].second));
    }
}

TEST(GivenKeysThatCannotBeUsed, TheirNamesAreKnownWhereTheyHaveOne) {
    Members for_encryption = KeyPair::of("RSA").jwk("a"), nameless = KeyPair::of("RSA").jwk();
    for_encryption["use"] = nameless["use"] = json_text("enc");
    const KeySet keys = parse(R"({"keys":[1,{"kty":"RSA","kid":7},{"kty":"oct","kid":""},)" + to_json(nameless) + ',' +
                              to_json(for_encryption) + ',' + to_json(KeyPair::of("P-256").jwk("good")) + "]}");

    std::vector<std::optional<std::string>> names;
    for (const KeySet::Skipped& entry : keys.skipped()) names.push_back(entry.key_id);
    EXPECT_EQ(names, (std::vector<std::optional<std::string>>{std::nullopt, std::nullopt, "", std::nullopt, "a"}));
    EXPECT_TRUE(keys.has_skipped("a"));
    EXPECT_TRUE(keys.has_skipped(""));
    for (const std::string_view other : {"good", "7", "A"}) EXPECT_FALSE(keys.has_skipped(other)) << other;
}

TEST(GivenTwoSets, TheirKeysServeTogether) {
    Members for_encryption = KeyPair::of("RSA").jwk("e");
    for_encryption["use"] = json_text("enc");
    const KeySet first = parse("\xEF\xBB\xBF" + key_set_json({KeyPair::of("P-256").jwk("a"), for_encryption}));
    KeySet both = KeySet::join(parse(key_set_json({KeyPair::of("P-384").jwk("b"), for_encryption})),
                               parse("\xEF\xBB\xBF" + key_set_json({KeyPair::of("P-256").jwk("a"), for_encryption})));

    EXPECT_EQ(found(both, "a", "ES256"), 1U);
    EXPECT_EQ(found(both, "b", "ES384"), 1U);
    EXPECT_EQ(both.members(), 4U);
    EXPECT_EQ(both.skipped().size(), 2U);
    EXPECT_TRUE(both.has_skipped("e"));
    EXPECT_TRUE(both.tolerated().byte_order_mark) << "of either";
    EXPECT_NE(both.id(), first.id());
}

TEST(GivenTwoSets, AKeyInBothIsThereOnceSoThatATokenWithoutANameFindsIt) {
    const KeyPair other = KeyPair::generate("P-256");
    const std::string text = key_set_json({KeyPair::of("P-256").jwk("a"), KeyPair::of("RSA").jwk()});
    const KeySet same = KeySet::join(parse(text), parse(text));
    EXPECT_EQ(same.usable().size(), parse(text).usable().size());
    EXPECT_EQ(found(same, std::nullopt, "ES256"), 1U);
    EXPECT_EQ(found(same, std::nullopt, "RS256"), 1U);

    const KeySet differing = KeySet::join(parse(text), parse(key_set_json({other.jwk("a")})));
    EXPECT_EQ(found(differing, "a", "ES256"), 2U) << "two keys under one name";
    EXPECT_EQ(found(differing, std::nullopt, "ES256"), 0U);
}

TEST(GivenAnotherSet, AKeyIsReplacedIfItsNameAndAlgorithmStandForAnother) {
    const KeyPair other = KeyPair::generate("P-256");
    const KeySet former = parse(key_set_json({KeyPair::of("P-256").jwk("a"), KeyPair::of("RSA").jwk("r")}));
    const auto replaces = [&former](std::initializer_list<Members> keys) {
        return parse(key_set_json(keys)).replaces_key_of(former);
    };
    EXPECT_TRUE(replaces({other.jwk("a")}));
    EXPECT_TRUE(replaces({KeyPair::of("RSA").jwk("r"), other.jwk("a")}));
    EXPECT_FALSE(replaces({KeyPair::of("P-256").jwk("a"), KeyPair::of("RSA").jwk("r")}));
    EXPECT_FALSE(replaces({other.jwk("b")})) << "a key under another name";
    EXPECT_FALSE(replaces({other.jwk()})) << "a key without a name";
    EXPECT_FALSE(replaces({KeyPair::of("P-384").jwk("a")})) << "for another algorithm";
    EXPECT_FALSE(replaces({}));
    EXPECT_FALSE(former.replaces_key_of(parse(R"({"keys":[]})")));
}

TEST(GivenNoKeys, TheSetIsEmptyAndStillASet) {
    const KeySet keys = parse(R"({"keys":[]})");

    EXPECT_TRUE(keys.usable().empty());
    EXPECT_TRUE(keys.skipped().empty());
    EXPECT_EQ(keys.members(), 0U);
    EXPECT_EQ(found(keys, "a", "RS256"), 0U);
    EXPECT_EQ(found(keys, std::nullopt, "RS256"), 0U);
}

TEST(GivenMembersBesideTheKeys, TheyAreIgnored) {
    EXPECT_EQ(parse(R"({"issuer":1,"keys":[],"Keys":[1]})").skipped().size(), 0U);
}

TEST(GivenTextThatIsNoJson, ItIsNoKeySet) {
    for (const std::string_view text : {"", "not json", R"({"keys":[)", "<html></html>", "{\"keys\":[\"\xFF\"]}"})
        EXPECT_EQ(fault_of(text), KeySetFault::not_json) << text;
}

TEST(GivenAnotherShape, ItIsNoKeySet) {
    for (const std::string_view text :
         {"[]", "null", "{}", R"("keys")", R"({"keys":null})", R"({"keys":{}})", R"({"keys":"[]"})", R"({"Keys":[]})",
          R"([{"keys":[]}])", R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"})
        EXPECT_EQ(fault_of(text), KeySetFault::not_a_key_set) << text;
}

TEST(GivenAMemberOfTheSetTwice, ItIsNoKeySet) {
    for (const std::string_view text :
         {R"({"keys":[],"keys":[]})", R"({"keys":[],"\u006beys":[]})", R"({"x":1,"keys":[],"x":2})"})
        EXPECT_EQ(fault_of(text), KeySetFault::not_a_key_set) << text;
}

TEST(GivenALimitOfBytes, OneMoreIsTooLarge) {
    const std::string text = R"({"keys":[]})";
    EXPECT_TRUE(KeySet::parse(text, {.max_bytes = text.size()}));
    EXPECT_EQ(fault_of(text, {.max_bytes = text.size() - 1}), KeySetFault::too_large);
    EXPECT_EQ(KeySetLimits{}.max_bytes, std::size_t{1} << 20);
}

TEST(GivenALimitOfKeys, OneMoreIsTooManyUsableOrNot) {
    const KeySetLimits two{.max_keys = 2};
    EXPECT_TRUE(KeySet::parse(R"({"keys":[1,2]})", two));
    EXPECT_EQ(fault_of(R"({"keys":[1,2,3]})", two), KeySetFault::too_many_keys);
    EXPECT_EQ(KeySetLimits{}.max_keys, 256U);
}

TEST(GivenMoreDepthThanAKeySetNeeds, ItIsNoKeySet) {
    const auto deep = [](std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
    EXPECT_TRUE(KeySet::parse(R"({"keys":[],"x":)" + deep(15) + "}", {}));
    EXPECT_EQ(fault_of(R"({"keys":[],"x":)" + deep(16) + "}"), KeySetFault::not_json);
}

TEST(GivenASetThatWasMoved, ItsKeysAreStillFound) {
    KeySet first = parse(key_set_json({KeyPair::of("P-256").jwk("a"), KeyPair::of("RSA").jwk("b")}));

    const KeySet second = std::move(first);

    EXPECT_EQ(found(second, "a", "ES256"), 1U);
    EXPECT_EQ(found(second, std::nullopt, "RS256"), 1U);
    EXPECT_TRUE(second.find("a", algorithm("ES256"))
                    .keys()[0]
                    ->verifies("m", KeyPair::of("P-256").sign(algorithm("ES256"), "m")));
}

KeySet parse_pem(std::string_view pem) { return *KeySet::parse_pem(pem, {}); }

TEST(GivenKeysFromPem, ATokensNameForItsKeyIsIgnored) {
    const KeySet keys = *KeySet::parse_pem(KeyPair::of("P-256").public_pem() + KeyPair::of("RSA").public_pem(), {});

    EXPECT_EQ(found(keys, "any", "ES256"), 1U);
    EXPECT_EQ(found(keys, "any", "PS512"), 1U);
    EXPECT_EQ(found(keys, "any", "ES384"), 0U);
    EXPECT_EQ(found(keys, std::nullopt, "ES256"), 1U);
}

KeySetFault pem_fault_of(std::string_view pem, const KeySetLimits& limits = {}) {
    const auto keys = KeySet::parse_pem(pem, limits);
    return keys ? throw std::runtime_error("it is a key set") : keys.error();
}

TEST(GivenPemOfSeveralKeys, EachServesTokensWithoutAName) {
    const KeySet keys = parse_pem(KeyPair::of("RSA").public_pem() + "some words between them\n\n" +
                                  KeyPair::of("P-256").public_pem() + KeyPair::of("Ed25519").public_pem());

    for (const std::string_view name : {"RS256", "PS512", "ES256", "EdDSA", "Ed25519"}) {
        const auto candidates = keys.find(std::nullopt, algorithm(name));
        ASSERT_EQ(candidates.keys().size(), 1U) << name;
        const KeyPair& pair = KeyPair::serving(algorithm(name));
        EXPECT_TRUE(candidates.keys()[0]->verifies("m", pair.sign(algorithm(name), "m"))) << name;
    }
    EXPECT_EQ(found(keys, std::nullopt, "ES384"), 0U);
    for (const KeySet::Named& named : keys.usable()) EXPECT_EQ(named.key_id, std::nullopt);
}

TEST(GivenPemOfKeysThatCannotBeUsed, EachIsReportedAndTheOthersServe) {
    const auto pem_of = [](const crypto::Pkey& key) {
        const crypto::Bio memory(BIO_new(BIO_s_mem()));
        PEM_write_bio_PUBKEY(memory.get(), key.get());
        char* text = nullptr;
        const auto size = BIO_get_mem_data(memory.get(), &text);
        return std::string(text, static_cast<std::size_t>(size));
    };
    const auto small = support::new_rsa_key(1024), agreement = support::new_key(EVP_PKEY_X25519),
               coin = support::new_ec_key(NID_secp256k1);

    const KeySet keys = parse_pem(pem_of(small) + pem_of(agreement) + KeyPair::of("P-384").public_pem() + pem_of(coin));

    EXPECT_EQ(found(keys, std::nullopt, "ES384"), 1U);
    EXPECT_EQ(keys.members(), 4U);
    ASSERT_EQ(keys.skipped().size(), 3U);
    EXPECT_EQ(keys.skipped()[0].index, 0U);
    EXPECT_EQ(keys.skipped()[0].reason, KeyFault::weak_key);
    EXPECT_EQ(keys.skipped()[1].index, 1U);
    EXPECT_EQ(keys.skipped()[1].reason, KeyFault::unsupported_kty);
    EXPECT_EQ(keys.skipped()[2].index, 3U);
    EXPECT_EQ(keys.skipped()[2].reason, KeyFault::unsupported_crv);
}

// Which kinds of keys a library can read must not decide on those that come after.
TEST(GivenPemOfAKeyThatCannotBeRead, ItIsSkippedAndTheOthersServe) {
    const KeySet keys =
        parse_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" + KeyPair::of("P-256").public_pem());

    EXPECT_EQ(found(keys, std::nullopt, "ES256"), 1U);
    ASSERT_EQ(keys.skipped().size(), 1U);
    EXPECT_EQ(keys.skipped()[0].index, 0U);
    EXPECT_EQ(keys.skipped()[0].reason, KeyFault::unsupported_kty);
}

TEST(GivenPemWithoutAPublicKey, ItIsNoKeySet) {
    for (const std::string& pem : {std::string(), std::string("words"), KeyPair::of("Ed25519").private_pem(),
                                   std::string("-----BEGIN PUBLIC KEY-----\n"),
                                   std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
        SCOPED_TRACE(pem);
        EXPECT_EQ(pem_fault_of(pem), KeySetFault::not_a_key_set);
        EXPECT_EQ(ERR_peek_error(), 0U) << "left for OpenSSL's other users";
    }
}

TEST(GivenPemBeyondALimit, ItIsNoKeySet) {
    const std::string one = KeyPair::of("Ed25519").public_pem();
    EXPECT_TRUE(KeySet::parse_pem(one + one, {.max_bytes = 2 * one.size(), .max_keys = 2}));
    EXPECT_EQ(pem_fault_of(one + one, {.max_bytes = 2 * one.size() - 1}), KeySetFault::too_large);
    EXPECT_EQ(pem_fault_of(one + one + one, {.max_keys = 2}), KeySetFault::too_many_keys);
}

TEST(GivenPem, ReadingItLeavesNoErrorForOpensslsOtherUsers) {
    std::ignore = parse_pem(KeyPair::of("P-256").public_pem());

    EXPECT_EQ(ERR_peek_error(), 0U) << "the end of the text is an error to OpenSSL";
}

}  // namespace
}  // namespace authjwks
