"""What the examples of the Gift Card API say."""

from loyalty.api.examples import NOW, Example

ORDER_ID = "01890a5d-ac96-7d01-b6c7-8d9e0f1a2b3c"
LINE_ID = "01890a5d-ac96-7d02-a7b8-9c0d1e2f3a4b"
CARD_ID = "01890a5d-ac96-7d03-98a9-0b1c2d3e4f5a"

TOKEN: Example = {"Value": "gt_Zk3v0yq8mXw2sJt7bN4cR6hL9pD1fG5a", "ExpiresIn": 3600}
PRODUCT: Example = {
    "Id": "STORE-CARD",
    "Name": "Store gift card",
    "ShortDescription": "Stored value for our shop",
    "LongDescription": "",
    "Denominations": [],
    "DenominationType": "Variable",
    "MinValue": 1.0,
    "MaxValue": 500.0,
    "Type": "Digital",
    "AvailableDeliveryTypes": ["Email", "Link", "Sms"],
    "Terms": "",
    "Disclaimer": "",
    "RedemptionNote": "Show it at the till",
    "CurrencyCode": "EUR",
    "CultureCodes": ["en", "de"],
}
TRANSLATION: Example = {
    "CultureCode": "de",
    "Name": "Geschenkkarte",
    "ShortDescription": "Guthaben für unser Geschäft",
    "LongDescription": "",
    "Terms": "",
    "Disclaimer": "",
    "RedemptionNote": "An der Kasse zeigen",
}
MEDIA: Example = {"Faceplates": []}
COST: Example = {"Fee": 0.0, "DiscountPercentage": 0.0}
PAGE: Example = {"TotalCount": 1, "PageIndex": 0, "PageSize": 20}
SHIPPING: Example = {"Id": "STANDARD", "Name": "Standard letter", "Carrier": "", "Countries": ["DE"]}
BALANCE: Example = {"Pending": 0.0, "Available": 9980.0, "CurrencyCode": "EUR"}
TRACKING: Example = {"Carrier": "", "Number": ""}
CARD: Example = {
    "Id": CARD_ID,
    "Status": "Pending",
    "ClaimLink": "https://loyalty.example.com/g/hV4n1x0mQz7sT2pK8wL5cR3bY6jD9fGa",
    "DeliveredAt": None,
    "ViewedAt": None,
    "Tracking": None,
}
LINE: Example = {
    "Id": LINE_ID,
    "ProductId": "STORE-CARD",
    "Value": 20.0,
    "Cost": 20.0,
    "Quantity": 1,
    "Status": "Processing",
}
ORDER: Example = {
    "Id": ORDER_ID,
    "Type": "DigitalDelivery",
    "Status": "Processing",
    "PONumber": "API-11001",
    "CreatedAt": NOW,
    "CompletedAt": None,
    "Total": 20.0,
    "CurrencyCode": "EUR",
}
NEW_ORDER: Example = {
    "Type": "DigitalDelivery",
    "LineItems": [
        {
            "ProductId": "STORE-CARD",
            "Value": "20.00",
            "Quantity": 1,
            "DigitalDeliveryAddress": {"Email": "ada@example.com"},
            "Personalization": {"To": "Ada", "FromName": "Acme Coffee", "Message": "You've earned a reward!"},
        }
    ],
    "PONumber": "API-11001",
}
CODE = "K7WQ4M9X2RHCT5VBNE"
LEFT: Example = {"Balance": 12.5, "CurrencyCode": "EUR"}
