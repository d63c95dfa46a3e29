#include "net/curl_api.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace authjwks::net {
namespace {

/// What is said of a file that is not loaded.
std::string refusal_of(const char* file) {
    try {
        load_curl(file);
    } catch (const std::invalid_argument& refusal) {
        return refusal.what();
    }
    return "";
}

TEST(GivenTheSystemsLibcurl, EveryFunctionIsThere) {
    const CurlApi& api = curl();
#define AUTHJWKS_CURL_EXPECT(name) EXPECT_NE(api.name, nullptr) << #name;
    AUTHJWKS_CURL_FUNCTIONS(AUTHJWKS_CURL_EXPECT)
#undef AUTHJWKS_CURL_EXPECT
}

TEST(GivenNoLibcurl, TheRefusalNamesWhatIsMissing) {
    const auto refusal = refusal_of("libcurl-missing.so.4");

    EXPECT_TRUE(refusal.find("libcurl 7.85 or later") != std::string::npos) << refusal;
    EXPECT_TRUE(refusal.find("libcurl-missing.so.4") != std::string::npos) << refusal;
}

TEST(GivenALibraryThatIsNoLibcurl, ItIsRefused) {
    const auto refusal = refusal_of("libc.so.6");

    EXPECT_TRUE(refusal.find("curl_version_info") != std::string::npos) << refusal;
}

TEST(GivenALibcurlThatIsTooOld, TheRefusalNamesItsVersion) {
    const auto refusal = refusal_of(AUTHJWKS_OLD_CURL);

    EXPECT_TRUE(refusal.find("7.84.0") != std::string::npos) << refusal;
}

}  // namespace
}  // namespace authjwks::net
