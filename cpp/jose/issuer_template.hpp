// A URL with a placeholder for the tenant, such as "https://login.microsoftonline.com/{tenant}/v2.0".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace authjwks {

class IssuerTemplate {
  public:
    static constexpr std::string_view kGap = "{tenant}";

    /// @throws std::invalid_argument unless `text` has exactly one placeholder, in its path, or in its host with at
    /// least two more labels after it, so that a token cannot choose the server.
    explicit IssuerTemplate(std::string_view text);

    /// Whether `issuer` is the template with a tenant of 1 to 64 letters, digits, '-', '_' and '.', the first a letter
    /// or digit; in a host without '_' and '.', as one label.
    bool matches(std::string_view issuer) const;

    /// A URL that matches, for checking the template as a URL.
    std::string example() const { return before_ + "tenant" + after_; }

  private:
    std::string before_, after_;
    std::string_view marks_;  // characters that a tenant may have besides letters and digits
};

bool any_matches(const std::vector<IssuerTemplate>& templates, std::string_view issuer);

}  // namespace authjwks
