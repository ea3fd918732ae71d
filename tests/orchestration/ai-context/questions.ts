import type { publicSchemas } from "./public-schemas.ts";

/** A question in the words of a user, and the tables that a statement which answers it needs. */
export type Question = {
  readonly text: string;
  readonly schema: keyof typeof publicSchemas;
  readonly tables: readonly string[];
};

const ask = (schema: Question["schema"], text: string, ...tables: string[]): Question => ({
  schema,
  text,
  tables,
});

/** They name their tables, or at least some of them. */
export const named: readonly Question[] = [
  ask("tpch", "How many orders did each customer place last year?", "orders", "customer"),
  ask("tpch", "Which supplier offers the part with the lowest cost?", "supplier", "partsupp", "part"),
  ask("tpch", "Total price of all orders by nation of the customer", "orders", "customer", "nation"),
  ask("tpch", "List the nations of each region", "nation", "region"),
  ask("tpch", "Average discount of a lineitem per ship mode", "lineitem"),
  ask("tpch", "Parts that no supplier has available", "part", "partsupp"),
  ask("tpch", "Suppliers in the region EUROPE and their account balance", "supplier", "nation", "region"),
  ask("tpch", "Revenue per order priority from orders and lineitems", "orders", "lineitem"),
  ask("tpch", "Customers without any orders", "customer", "orders"),
  ask("music", "Which artist has the most albums?", "Artist", "Album"),
  ask("music", "All tracks of the genre Jazz", "Track", "Genre"),
  ask("music", "Total of all invoices per customer country", "Invoice", "Customer"),
  ask("music", "The longest track on each album", "Track", "Album"),
  ask("music", "How many tracks does each playlist have?", "Playlist", "PlaylistTrack"),
  ask("music", "Tracks by media type", "Track", "MediaType"),
  ask("music", "Best selling tracks by invoice lines", "Track", "InvoiceLine"),
  ask("music", "Which employee supports which customers?", "Employee", "Customer"),
  ask("music", "Genres by revenue of invoice lines", "Genre", "Track", "InvoiceLine"),
  ask("personnel", "Average salary of employees per department", "employees", "departments"),
  ask("personnel", "Which jobs have a maximum salary above 10000?", "jobs"),
  ask("personnel", "Departments and the city of their location", "departments", "locations"),
  ask("personnel", "Job history of employees who changed the department", "job_history", "employees"),
  ask("personnel", "Number of locations in each country", "locations", "countries"),
  ask("personnel", "Countries by region name", "countries", "regions"),
  ask("personnel", "Employees with the job title Programmer", "employees", "jobs"),
];

/** They have no word of the names of their tables. */
export const paraphrased: readonly Question[] = [
  ask("tpch", "Who bought the most last quarter?", "orders", "customer"),
  ask("tpch", "Which vendors are located in France?", "supplier", "nation"),
  ask("tpch", "Articles by brand and packaging", "part"),
  ask("tpch", "How many units of each article are in stock?", "partsupp", "part"),
  ask("tpch", "Share of purchases that were shipped later than promised", "lineitem"),
  ask("tpch", "Which goods are sent back most often?", "lineitem", "part"),
  ask("tpch", "Turnover by continent of the buyer", "orders", "customer", "nation", "region"),
  ask("tpch", "Buyers in the automobile industry that owe us money", "customer"),
  ask("tpch", "What do we pay our vendors for one unit of brass goods?", "partsupp", "part"),
  ask("tpch", "Open purchases that are urgent", "orders"),
  ask("music", "Which bands have released more than five records?", "Artist", "Album"),
  ask("music", "How long are rock songs on average?", "Track", "Genre"),
  ask("music", "What did downloads earn us each month?", "Invoice"),
  ask("music", "Songs that are in no collection of a listener", "Track", "PlaylistTrack"),
  ask("music", "Who is the boss of the staff in the music shop?", "Employee"),
  ask(
    "music",
    "E-mail addresses of people who bought jazz",
    "Customer",
    "Invoice",
    "InvoiceLine",
    "Track",
    "Genre",
  ),
  ask("music", "In which formats are the audio files offered?", "MediaType"),
  ask("music", "Which composer wrote the most songs?", "Track"),
  ask("music", "Cities with the highest bills", "Invoice"),
  ask("personnel", "Who earns more than the person they report to?", "employees"),
  ask("personnel", "Pay range of each position", "jobs"),
  ask("personnel", "Which divisions are based in Germany?", "departments", "locations", "countries"),
  ask("personnel", "People who did something else before", "job_history", "employees"),
  ask("personnel", "How many people were hired in each year?", "employees"),
  ask("personnel", "Addresses of our offices in Asia", "locations", "countries", "regions"),
];
