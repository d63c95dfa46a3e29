#include "base/error.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

// The words that programs may depend on; docs/reference and the Python classes know the same ones.
const std::set<std::string_view> kSlugs{
    "missing_token",    "malformed",     "too_long",      "unsupported_alg", "unknown_key",    "unusable_key",
    "bad_signature",    "expired",       "not_yet_valid", "wrong_issuer",    "wrong_audience", "wrong_type",
    "claim_missing",    "claim_invalid", "bound_token",   "revoked",         "forbidden",      "insufficient_scope",
    "keys_unavailable",
};

TEST(GivenTheErrorTable, ItsSlugsAreTheDocumentedOnesAndAllOfThem) {
    std::set<std::string_view> used;
    for (const ErrorInfo& row : kErrors) used.insert(row.slug);

    EXPECT_EQ(used, kSlugs);
}

TEST(GivenTheErrorTable, EveryCodeFindsItsOwnRow) {
    for (const ErrorInfo& row : kErrors) EXPECT_EQ(&describe(row.code), &row) << row.slug;
}

TEST(GivenTheErrorTable, ThoseForAnotherKeyAreOfTheStageOfKeys) {
    for (const ErrorInfo& row : kErrors) EXPECT_EQ(is_for_another_key(row.code), row.stage == Stage::key) << row.slug;
}

TEST(GivenTheErrorTable, EverySentenceIsOneSentence) {
    for (const auto& [code, stage, slug, sentence] : kErrors) {
        SCOPED_TRACE(sentence);
        EXPECT_TRUE(sentence.front() >= 'A' && sentence.front() <= 'Z');
        EXPECT_EQ(sentence.find('.'), sentence.size() - 1) << "one full stop, at the end";
    }
}

TEST(GivenTheErrorTable, NoTwoRowsSayTheSame) {
    std::set<std::string_view> sentences;
    for (const ErrorInfo& row : kErrors) EXPECT_TRUE(sentences.insert(row.sentence).second) << row.sentence;
}

TEST(GivenTheErrorTable, EverySentenceMayStandInAnErrorDescription) {
    // RFC 6750 §3: %x20-21 / %x23-5B / %x5D-7E
    for (const ErrorInfo& row : kErrors)
        EXPECT_TRUE(std::ranges::all_of(row.sentence, [](char letter) {
            return letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
        })) << row.sentence;
}

TEST(GivenTheErrorTable, ItsRowsFollowTheStagesOfAToken) {
    Stage latest = Stage::request;
    for (const ErrorInfo& row : kErrors) {
        EXPECT_GE(row.stage, latest) << row.slug;
        latest = row.stage;
    }
    EXPECT_EQ(latest, Stage::infrastructure);
}

TEST(GivenRefusalsThatAnswerDifferently, TheirStagesDiffer) {
    EXPECT_EQ(describe(Errc::missing_token).stage, Stage::request);
    EXPECT_EQ(describe(Errc::malformed_credentials).stage, Stage::request);
    EXPECT_EQ(describe(Errc::unsupported_alg).stage, Stage::parse);
    EXPECT_EQ(describe(Errc::unknown_key).stage, Stage::key);
    EXPECT_EQ(describe(Errc::bad_signature).stage, Stage::signature);
    EXPECT_EQ(describe(Errc::expired).stage, Stage::claims);
    EXPECT_EQ(describe(Errc::revoked).stage, Stage::claims);
    EXPECT_EQ(describe(Errc::insufficient_scope).stage, Stage::rights);
    EXPECT_EQ(describe(Errc::forbidden).stage, Stage::rights);
    EXPECT_EQ(describe(Errc::keys_unavailable).stage, Stage::infrastructure);
    EXPECT_TRUE(is_for_lack_of_keys(Errc::keys_unavailable) && is_for_lack_of_keys(Errc::source_closed));
    EXPECT_FALSE(is_for_lack_of_keys(Errc::unknown_key));
}

TEST(GivenTheStages, EachHasItsName) {
    EXPECT_EQ(name_of(Stage::request), "request");
    EXPECT_EQ(name_of(Stage::parse), "parse");
    EXPECT_EQ(name_of(Stage::key), "key");
    EXPECT_EQ(name_of(Stage::signature), "signature");
    EXPECT_EQ(name_of(Stage::claims), "claims");
    EXPECT_EQ(name_of(Stage::rights), "rights");
    EXPECT_EQ(name_of(Stage::infrastructure), "infrastructure");
}

}  // namespace
}  // namespace authjwks
