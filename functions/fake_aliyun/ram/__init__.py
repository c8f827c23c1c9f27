"""Resource Access Management and the Security Token Service, as far as others need."""
