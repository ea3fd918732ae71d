// The tables of three public schemas: those of TPC-H, of a music shop as Chinook has it, and of a personnel department. The
// descriptions are ours.

type PublicTable = {
  readonly name: string;
  readonly comment: string;
  /** Definition of each column, and its comment. */
  readonly columns: readonly (readonly [definition: string, comment?: string])[];
  /** Constraints. */
  readonly keys?: readonly string[];
};

const tpch: readonly PublicTable[] = [
  {
    name: "region",
    comment: "Continents into which the world market is divided.",
    columns: [
      ["r_regionkey int primary key"],
      ["r_name varchar(25)", "Such as EUROPE or ASIA"],
      ["r_comment text"],
    ],
  },
  {
    name: "nation",
    comment: "Countries in which business partners are located, with the continent of each.",
    columns: [
      ["n_nationkey int primary key"],
      ["n_name varchar(25)"],
      ["n_regionkey int references region"],
      ["n_comment text"],
    ],
  },
  {
    name: "supplier",
    comment: "Vendors that deliver goods to us, with their contact data and the balance of their account.",
    columns: [
      ["s_suppkey int primary key"],
      ["s_name varchar(25)"],
      ["s_address varchar(40)"],
      ["s_nationkey int references nation"],
      ["s_phone varchar(15)"],
      ["s_acctbal decimal(15, 2)", "What we owe, or have paid in advance"],
      ["s_comment text"],
    ],
  },
  {
    name: "customer",
    comment: "Buyers of our goods: companies with their market segment and the balance of their account.",
    columns: [
      ["c_custkey int primary key"],
      ["c_name varchar(25)"],
      ["c_address varchar(40)"],
      ["c_nationkey int references nation"],
      ["c_phone varchar(15)"],
      ["c_acctbal decimal(15, 2)", "Negative if the buyer owes money"],
      ["c_mktsegment varchar(10)", "Industry, such as AUTOMOBILE or BUILDING"],
      ["c_comment text"],
    ],
  },
  {
    name: "part",
    comment: "Goods that we trade: one row for each article, with brand, size, packaging and retail price.",
    columns: [
      ["p_partkey int primary key"],
      ["p_name varchar(55)"],
      ["p_mfgr varchar(25)", "Manufacturer"],
      ["p_brand varchar(10)"],
      ["p_type varchar(25)", "Finish and material, such as STANDARD POLISHED BRASS"],
      ["p_size int"],
      ["p_container varchar(10)", "Packaging, such as JUMBO BOX"],
      ["p_retailprice decimal(15, 2)"],
      ["p_comment text"],
    ],
  },
  {
    name: "partsupp",
    comment: "Which vendor delivers which article, at what cost, and how many of it are in stock.",
    columns: [
      ["ps_partkey int references part"],
      ["ps_suppkey int references supplier"],
      ["ps_availqty int", "Units in stock"],
      ["ps_supplycost decimal(15, 2)", "Purchase price of one unit"],
      ["ps_comment text"],
    ],
    keys: ["primary key (ps_partkey, ps_suppkey)"],
  },
  {
    name: "orders",
    comment:
      "What buyers have bought: one row for each purchase, with its date, state, priority and total price.",
    columns: [
      ["o_orderkey int primary key"],
      ["o_custkey int references customer"],
      ["o_orderstatus char(1)", "O open, F filled, P partly filled"],
      ["o_totalprice decimal(15, 2)"],
      ["o_orderdate date"],
      ["o_orderpriority varchar(15)", "From 1-URGENT to 5-LOW"],
      ["o_clerk varchar(15)", "Who has entered it"],
      ["o_shippriority int"],
      ["o_comment text"],
    ],
  },
  {
    name: "lineitem",
    comment:
      "Positions of purchases: article, vendor, quantity, discount and tax of each, and when it was shipped, received and returned.",
    columns: [
      ["l_orderkey int references orders"],
      ["l_partkey int"],
      ["l_suppkey int"],
      ["l_linenumber int"],
      ["l_quantity decimal(15, 2)"],
      ["l_extendedprice decimal(15, 2)", "Price before discount and tax"],
      ["l_discount decimal(15, 2)"],
      ["l_tax decimal(15, 2)"],
      ["l_returnflag char(1)", "R returned, A accepted, N neither yet"],
      ["l_linestatus char(1)"],
      ["l_shipdate date"],
      ["l_commitdate date", "Promised day of delivery"],
      ["l_receiptdate date", "Day on which it arrived"],
      ["l_shipinstruct varchar(25)"],
      ["l_shipmode varchar(10)", "Transport, such as AIR or TRUCK"],
      ["l_comment text"],
    ],
    keys: [
      "primary key (l_orderkey, l_linenumber)",
      "foreign key (l_partkey, l_suppkey) references partsupp",
    ],
  },
];

const music: readonly PublicTable[] = [
  {
    name: "Artist",
    comment: "Singers, bands and composers.",
    columns: [['"ArtistId" int primary key'], ['"Name" varchar(120)']],
  },
  {
    name: "Album",
    comment: "Records that an artist has released.",
    columns: [
      ['"AlbumId" int primary key'],
      ['"Title" varchar(160)'],
      ['"ArtistId" int references "Artist"'],
    ],
  },
  {
    name: "Genre",
    comment: "Styles of music, such as Rock or Jazz.",
    columns: [['"GenreId" int primary key'], ['"Name" varchar(120)']],
  },
  {
    name: "MediaType",
    comment: "Formats of audio and video files, such as MPEG or AAC.",
    columns: [['"MediaTypeId" int primary key'], ['"Name" varchar(120)']],
  },
  {
    name: "Track",
    comment: "Songs that can be downloaded: duration, file size and price of each.",
    columns: [
      ['"TrackId" int primary key'],
      ['"Name" varchar(200)'],
      ['"AlbumId" int references "Album"'],
      ['"MediaTypeId" int references "MediaType"'],
      ['"GenreId" int references "Genre"'],
      ['"Composer" varchar(220)', "Who has written it"],
      ['"Milliseconds" int', "Duration"],
      ['"Bytes" int'],
      ['"UnitPrice" decimal(10, 2)'],
    ],
  },
  {
    name: "Playlist",
    comment: "Collections of songs that listeners have put together.",
    columns: [['"PlaylistId" int primary key'], ['"Name" varchar(120)']],
  },
  {
    name: "PlaylistTrack",
    comment: "Which songs belong to which collection.",
    columns: [['"PlaylistId" int references "Playlist"'], ['"TrackId" int references "Track"']],
    keys: ['primary key ("PlaylistId", "TrackId")'],
  },
  {
    name: "Employee",
    comment: "Staff of the music shop, with the manager and the birthday of each.",
    columns: [
      ['"EmployeeId" int primary key'],
      ['"LastName" varchar(20)'],
      ['"FirstName" varchar(20)'],
      ['"Title" varchar(30)', "Role in the shop"],
      ['"ReportsTo" int references "Employee"', "The manager"],
      ['"BirthDate" date'],
      ['"HireDate" date'],
      ['"City" varchar(40)'],
      ['"Email" varchar(60)'],
    ],
  },
  {
    name: "Customer",
    comment: "Persons who buy music, with their postal and e-mail addresses and the clerk who supports them.",
    columns: [
      ['"CustomerId" int primary key'],
      ['"FirstName" varchar(40)'],
      ['"LastName" varchar(20)'],
      ['"Company" varchar(80)'],
      ['"Address" varchar(70)'],
      ['"City" varchar(40)'],
      ['"Country" varchar(40)'],
      ['"PostalCode" varchar(10)'],
      ['"Phone" varchar(24)'],
      ['"Email" varchar(60)'],
      ['"SupportRepId" int references "Employee"', "The clerk"],
    ],
  },
  {
    name: "Invoice",
    comment: "Bills for downloads: one row for each checkout, with date, billing address and total.",
    columns: [
      ['"InvoiceId" int primary key'],
      ['"CustomerId" int references "Customer"'],
      ['"InvoiceDate" timestamp'],
      ['"BillingAddress" varchar(70)'],
      ['"BillingCity" varchar(40)'],
      ['"BillingCountry" varchar(40)'],
      ['"Total" decimal(10, 2)'],
    ],
  },
  {
    name: "InvoiceLine",
    comment: "Single songs on a bill, with price and quantity.",
    columns: [
      ['"InvoiceLineId" int primary key'],
      ['"InvoiceId" int references "Invoice"'],
      ['"TrackId" int references "Track"'],
      ['"UnitPrice" decimal(10, 2)'],
      ['"Quantity" int'],
    ],
  },
];

const personnel: readonly PublicTable[] = [
  {
    name: "regions",
    comment: "Parts of the world in which the company has offices.",
    columns: [["region_id int primary key"], ["region_name varchar(25)"]],
  },
  {
    name: "countries",
    comment: "States in which the company has offices.",
    columns: [
      ["country_id char(2) primary key"],
      ["country_name varchar(40)"],
      ["region_id int references regions"],
    ],
  },
  {
    name: "locations",
    comment: "Addresses of offices, warehouses and production sites.",
    columns: [
      ["location_id int primary key"],
      ["street_address varchar(40)"],
      ["postal_code varchar(12)"],
      ["city varchar(30)"],
      ["state_province varchar(25)"],
      ["country_id char(2) references countries"],
    ],
  },
  {
    name: "jobs",
    comment: "Positions that people can have, with the lowest and highest pay of each.",
    columns: [
      ["job_id varchar(10) primary key"],
      ["job_title varchar(35)"],
      ["min_salary int", "Lowest pay"],
      ["max_salary int", "Highest pay"],
    ],
  },
  {
    name: "departments",
    comment: "Divisions of the company, where each is based and who leads it.",
    columns: [
      ["department_id int primary key"],
      ["department_name varchar(30)"],
      ["manager_id int", "Who leads it"],
      ["location_id int references locations"],
    ],
  },
  {
    name: "employees",
    comment:
      "People who work in the company: name, contact data, pay, commission, supervisor and day of hire.",
    columns: [
      ["employee_id int primary key"],
      ["first_name varchar(20)"],
      ["last_name varchar(25)"],
      ["email varchar(25)"],
      ["phone_number varchar(20)"],
      ["hire_date date"],
      ["job_id varchar(10) references jobs"],
      ["salary decimal(8, 2)", "Monthly pay"],
      ["commission_pct decimal(2, 2)", "Share of the sales that is paid in addition"],
      ["manager_id int references employees", "The supervisor"],
      ["department_id int references departments"],
    ],
  },
  {
    name: "job_history",
    comment: "Earlier positions of people: from when until when somebody did what, and in which division.",
    columns: [
      ["employee_id int references employees"],
      ["start_date date"],
      ["end_date date"],
      ["job_id varchar(10) references jobs"],
      ["department_id int references departments"],
    ],
    keys: ["primary key (employee_id, start_date)"],
  },
];

export const publicSchemas = { tpch, music, personnel } as const;

/** Statements that make the tables in the schema `{s}`, and their comments. */
export function statementsOf(tables: readonly PublicTable[]): string {
  const quote = (name: string) => `"${name}"`;
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const statements = tables.flatMap(({ name, comment, columns, keys = [] }) => [
    `create table ${quote(name)} (${[...columns.map(([definition]) => definition), ...keys].join(", ")})`,
    `comment on table ${quote(name)} is ${literal(comment)}`,
    ...columns.flatMap(([definition, text]) =>
      text ? [`comment on column ${quote(name)}.${definition.split(" ")[0]} is ${literal(text)}`] : [],
    ),
  ]);
  return ["set search_path to {s}", ...statements, "reset search_path"].join(";\n");
}
